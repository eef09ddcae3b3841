import { memo, useCallback, useEffect, useId, useRef, useState } from "react";
import type { Message, UserId } from "../../../protocol";
import type { Unsent } from "../../../state/types";
import {
	Avatar,
	classes,
	Icon,
	Markdown,
	type Mentioned,
	TimeText,
	timeText,
	VisuallyHidden,
} from "../../../ui";
import { useName } from "../names";
import { useRoomActions } from "../roomContext";
import { Delivered, Undelivered } from "./Delivery";
import styles from "./Entry.module.css";
import { MessageActions, type Open } from "./MessageActions";
import { Reactions } from "./Reactions";
import { ReplyLine } from "./ReplyLine";
import { useLongPress } from "./useLongPress";

export interface EntryProps {
	message: Message | null;
	unsent: Unsent | null;
	/** With the person and the time. */
	head: boolean;
	/** Says how far it came. */
	says: boolean;
	/** The tab stop of the list. */
	current: boolean;
	/** Was jumped to. */
	marked: boolean;
	mention: (username: string) => Mentioned | null;
	/** What was asked of it by a key. */
	asked: Open;
	onAsked: (open: Open) => void;
}

/** What somebody wrote. It is the same element before and after the server has stored it. */
export const Entry = memo(function Entry(props: EntryProps) {
	const { message, unsent, head, says, current, marked, mention, asked, onAsked } = props;
	const { me } = useRoomActions();
	const author: UserId | null = message ? message.author_id : me;
	const name = useName(author);
	const at = message?.sent_at ?? unsent?.writtenAt ?? 0;
	const [near, setNear] = useState(false);
	const [open, setOpen] = useState<Open>(null);
	const label = useId();
	const tabIndex = current ? 0 : -1;
	const article = useRef<HTMLElement>(null);
	useQuietLinks(article, current, message?.text);

	const acts = message !== null && !message.deleted;
	const press = useLongPress(() => acts && setOpen("menu"));
	useEffect(() => {
		if (asked === null) return;
		setOpen(asked);
		onAsked(null);
	}, [asked, onAsked]);

	const openChanged = useCallback((it: Open) => setOpen(it), []);
	const deleted = message?.deleted === true;
	const text = message?.text ?? unsent?.text ?? "";
	const replyTo = message?.reply_to ?? unsent?.replyTo;

	return (
		<article
			ref={article}
			aria-labelledby={`${label}-head ${label}-text`}
			tabIndex={tabIndex}
			className={classes(styles.entry, head && styles.head, marked && styles.marked)}
			data-active={open !== null || undefined}
			{...press}
			onPointerEnter={(event) => event.pointerType === "mouse" && setNear(true)}
			onPointerLeave={() => setNear(false)}
			onFocus={() => setNear(true)}
			onBlur={(event) => {
				if (!event.currentTarget.contains(event.relatedTarget)) setNear(false);
			}}
		>
			<div className={styles.side}>
				{head && author !== null ? <Avatar id={author} name={name} /> : null}
				{!head && near ? <TimeText at={at} style="time" className={styles.aside ?? ""} /> : null}
			</div>
			<div className={styles.body}>
				{head ? (
					<div className={styles.top} id={`${label}-head`}>
						<bdi className={styles.name}>{name}</bdi>
						<TimeText at={at} style="time" className={styles.time ?? ""} />
					</div>
				) : (
					<Spoken id={`${label}-head`} name={name} at={at} />
				)}
				{replyTo && !deleted ? <ReplyLine to={replyTo} tabIndex={tabIndex} /> : null}
				<div id={`${label}-text`} className={classes(unsent !== null && styles.unsent)}>
					{deleted ? <Tombstone /> : <Markdown text={text} mention={mention} />}
					{message?.edited_at && !deleted ? <Edited at={message.edited_at} /> : null}
				</div>
				{message && !deleted ? (
					<Reactions message={message.id} tabIndex={tabIndex} onAdd={() => setOpen("quick")} />
				) : null}
				{unsent && (says || unsent.status === "failed") ? (
					<Undelivered unsent={unsent} tabIndex={tabIndex} />
				) : null}
				{message && says ? (
					<div className={styles.foot}>
						<Delivered message={message.id} tabIndex={tabIndex} />
					</div>
				) : null}
			</div>
			{acts && (near || open !== null) ? (
				<MessageActions message={message} home={article} open={open} onOpen={openChanged} />
			) : null}
		</article>
	);
});

/** Who and when, for those who listen, where it isn't written. */
function Spoken({ id, name, at }: { id: string; name: string; at: number }) {
	const { t, language } = useRoomActions();
	return (
		<span id={id}>
			<VisuallyHidden>
				{t("message.by", { name, time: timeText(at, "time", language, at) })}
			</VisuallyHidden>
		</span>
	);
}

function Tombstone() {
	const { t } = useRoomActions();
	return (
		<p className={styles.tombstone}>
			<Icon name="trash" size={18} />
			{t("message.deleted")}
		</p>
	);
}

function Edited({ at }: { at: number }) {
	const { t, language } = useRoomActions();
	const time = timeText(at, "full", language, at);
	return (
		<span className={styles.edited} title={t("message.edited_at", { time })}>
			{t("message.edited")}
		</span>
	);
}

/** Links are reached by Tab from their message alone: the list is one stop. */
function useQuietLinks(
	article: React.RefObject<HTMLElement | null>,
	current: boolean,
	text: string | undefined,
): void {
	// After the layout, which asking for a width would do once for each row.
	useEffect(() => {
		const links = article.current?.querySelectorAll<HTMLElement>("a[href], pre, figure button");
		for (const it of links ?? []) {
			// Code that is wider than the view has to be scrolled by keyboard, too.
			const scrolls = it.tagName === "PRE" && it.scrollWidth > it.clientWidth;
			it.tabIndex = current || scrolls ? 0 : -1;
		}
	}, [article, current, text]);
}
