import { memo, type ReactNode } from "react";
import { classes } from "../classes";
import type { Block, Inline } from "./ast";
import { CodeBlock } from "./CodeBlock";
import { cached } from "./cache";
import { emojiOnly } from "./emojiOnly";
import styles from "./Markdown.module.css";
import { parse } from "./parse";

/** Somebody who is mentioned. `own`: oneself. */
export interface Mentioned {
	id: string;
	name: string;
	own: boolean;
}

export interface MarkdownProps {
	text: string;
	/** Who has this username; `null` leaves the text as it is. */
	mention?: ((username: string) => Mentioned | null) | undefined;
	/** A mention was pressed. Without it mentions can't be. */
	onMention?: ((id: string) => void) | undefined;
	className?: string | undefined;
}

const CACHED = 1_000;
const parsed = cached((text) => ({ parts: parse(text), large: emojiOnly(text) }), CACHED);

/** A message's text, formatted. It makes elements alone: there is no html anywhere. */
export const Markdown = memo(function Markdown({
	text,
	mention,
	onMention,
	className,
}: MarkdownProps) {
	const people: People = { mention, onMention };
	const { parts, large } = parsed(text);
	return (
		<div className={classes(styles.markdown, large && styles.large, className)}>
			{blocks(parts, people)}
		</div>
	);
});

type People = Pick<MarkdownProps, "mention" | "onMention">;

/** The order of the parts of a text never changes, so their places are their keys. */
const blocks = (them: readonly Block[], people: People): ReactNode[] =>
	them.map((it, at) => block(it, at, people));

function block(it: Block, key: number, people: People): ReactNode {
	switch (it.is) {
		case "paragraph":
			return (
				<p key={key} dir="auto">
					{inlines(it.children, people)}
				</p>
			);
		case "fence":
			return <CodeBlock key={key} language={it.language} text={it.text} />;
		case "quote":
			return (
				<blockquote key={key} dir="auto">
					{blocks(it.children, people)}
				</blockquote>
			);
		case "list": {
			const items = it.items.map((item, at) => (
				<li key={at} dir="auto">
					{blocks(item, people)}
				</li>
			));
			return it.ordered ? (
				<ol key={key} start={it.start} dir="auto">
					{items}
				</ol>
			) : (
				<ul key={key} dir="auto">
					{items}
				</ul>
			);
		}
	}
}

const inlines = (them: readonly Inline[], people: People): ReactNode[] =>
	them.map((it, at) => inline(it, at, people));

function inline(it: Inline, key: number, people: People): ReactNode {
	switch (it.is) {
		case "text":
			return it.text;
		case "break":
			return <br key={key} />;
		case "code":
			return (
				<code key={key} dir="ltr">
					{it.text}
				</code>
			);
		case "emphasis":
			return <em key={key}>{inlines(it.children, people)}</em>;
		case "strong":
			return <strong key={key}>{inlines(it.children, people)}</strong>;
		case "struck":
			return <s key={key}>{inlines(it.children, people)}</s>;
		case "link":
			return (
				<a key={key} href={it.href} target="_blank" rel="noopener noreferrer nofollow ugc">
					<bdi>{inlines(it.children, people)}</bdi>
				</a>
			);
		case "mention":
			return mentioned(it.username, key, people);
	}
}

function mentioned(username: string, key: number, { mention, onMention }: People): ReactNode {
	const person = mention?.(username);
	if (!person) return `@${username}`;
	const className = classes(styles.mention, person.own && styles.own);
	const name = <bdi>@{person.name}</bdi>;
	return onMention ? (
		<button key={key} type="button" className={className} onClick={() => onMention(person.id)}>
			{name}
		</button>
	) : (
		<span key={key} className={className}>
			{name}
		</span>
	);
}
