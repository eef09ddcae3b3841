import urls from "virtual:emoji-data";
import {
	type EmojiData,
	type EmojiPickerListCategoryHeaderProps,
	type EmojiPickerListEmojiProps,
	type EmojiPickerListRowProps,
	EmojiPicker as Picker,
} from "frimousse";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../Button";
import { Notice } from "../Notice";
import { Delayed } from "../Placeholder";
import type { EmojiPickerProps } from "./EmojiPicker";
import styles from "./EmojiPicker.module.css";

const COLUMNS = 8;

async function load(locale: string): Promise<EmojiData> {
	const response = await fetch(urls[locale] ?? urls.en ?? "");
	if (!response.ok) throw new Error(`emoji: ${response.status}`);
	return response.json();
}

/** The picker itself. What loads it is `EmojiPicker`. */
export function EmojiPanel({ onPick }: EmojiPickerProps) {
	const { t, i18n } = useTranslation("ui");
	const [attempt, setAttempt] = useState(0);
	const [failed, setFailed] = useState(false);
	const resolve = async (locale: string) => {
		try {
			return await load(locale);
		} catch {
			setFailed(true);
			// Nothing comes any more; this picker gives way to a sentence.
			return new Promise<EmojiData>(() => undefined);
		}
	};
	if (failed) {
		const again = () => {
			setAttempt(attempt + 1);
			setFailed(false);
		};
		return (
			<Notice
				kind="warn"
				action={
					<Button size="small" onClick={again}>
						{t("tryAgain")}
					</Button>
				}
			>
				{t("emoji.unreachable")}
			</Notice>
		);
	}
	return (
		<Picker.Root
			key={attempt}
			className={styles.picker}
			locale={i18n.language}
			columns={COLUMNS}
			resolveEmojiData={resolve}
			onEmojiSelect={({ emoji }) => onPick(emoji)}
			onKeyDownCapture={i18n.dir() === "rtl" ? mirror : undefined}
		>
			<Picker.Search
				className={styles.search}
				placeholder={t("emoji.search")}
				aria-label={t("emoji.search")}
				autoFocus
			/>
			<Picker.Viewport className={styles.viewport} tabIndex={0}>
				<Picker.Loading className={styles.note}>
					<Delayed>{t("loading")}</Delayed>
				</Picker.Loading>
				<Picker.Empty className={styles.note}>{t("emoji.none")}</Picker.Empty>
				<Picker.List className={styles.list} components={{ CategoryHeader, Row, Emoji }} />
			</Picker.Viewport>
			<div className={styles.foot}>
				<Picker.ActiveEmoji>
					{({ emoji }) => (
						<span className={styles.active}>
							<span className={styles.glyph}>{emoji?.emoji}</span>
							<bdi>{emoji?.label}</bdi>
						</span>
					)}
				</Picker.ActiveEmoji>
				<Picker.SkinToneSelector className={styles.tone} aria-label={t("emoji.skinTone")} />
			</div>
		</Picker.Root>
	);
}

function CategoryHeader({ category, ...rest }: EmojiPickerListCategoryHeaderProps) {
	return (
		<div {...rest} className={styles.category}>
			{category.label}
		</div>
	);
}

const MIRRORED: Record<string, string> = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };

/** The library takes "left" for "back", wherever one begins to read: it is told the other key. */
function mirror(event: KeyboardEvent): void {
	const key = MIRRORED[event.key];
	if (!key || !event.isTrusted) return;
	event.preventDefault();
	event.stopPropagation();
	event.target.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true }));
}

/** The library counts from 0; ARIA counts from 1. */
const fromOne = (index: number | undefined) => (index === undefined ? undefined : index + 1);

/**
 * The library finds the active row by its index, to scroll to it, and so finds the one before it:
 * `scroll-margin` of a row's height keeps the active one in sight.
 */
function Row({ children, ...rest }: EmojiPickerListRowProps) {
	return (
		<div {...rest} aria-rowindex={fromOne(rest["aria-rowindex"])} className={styles.row}>
			{children}
		</div>
	);
}

function Emoji({ emoji, ...rest }: EmojiPickerListEmojiProps) {
	return (
		<button
			{...rest}
			type="button"
			aria-colindex={fromOne(rest["aria-colindex"])}
			className={styles.emoji}
		>
			{emoji.emoji}
		</button>
	);
}
