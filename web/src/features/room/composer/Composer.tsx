import {
	type KeyboardEvent,
	type Ref,
	useCallback,
	useId,
	useImperativeHandle,
	useLayoutEffect,
	useRef,
	useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { Message, RoomId } from "../../../protocol";
import { useChat, useClient } from "../../../state/store";
import type { Draft } from "../../../state/types";
import { EmojiPicker, GrowingText, IconButton, matches, Notice, Popover } from "../../../ui";
import { useRefusalText } from "../../notices";
import { useEnterSends } from "../../settings";
import { useShortcut } from "../../shortcuts";
import { useRoomActions } from "../roomContext";
import styles from "./Composer.module.css";
import { Counter } from "./Counter";
import { type Asked, askedAt, complete, wholeEmojiAt } from "./completion";
import { Doing } from "./Doing";
import { emojiNames } from "./emojiNames";
import { lengthOf, sendable } from "./limits";
import { Suggestions } from "./Suggestions";
import { useDraft } from "./useDraft";
import { type Suggestion, useSuggestions } from "./useSuggestions";

export interface ComposerHandle {
	focus(): void;
	reply(message: Message): void;
	edit(message: Message): void;
}

/** Where a message is written, answered and edited. What is in it is never lost. */
export function Composer({
	ref,
	roomId,
	title,
	direct,
	onSent,
	lastOwn,
}: {
	ref?: Ref<ComposerHandle>;
	roomId: RoomId;
	title: string;
	direct: boolean;
	onSent: () => void;
	/** The newest own message, for the up-arrow. */
	lastOwn: () => Message | null;
}) {
	const { t } = useTranslation("room");
	const client = useClient();
	const { refused } = useRoomActions();
	const enterSends = useEnterSends();
	const why = useRefusalText();
	const field = useRef<HTMLTextAreaElement>(null);
	const { draft, change, newest, keep } = useDraft(
		roomId,
		() => document.activeElement === field.current,
	);
	const [asked, setAsked] = useState<Asked | null>(null);
	const [active, setActive] = useState(0);
	const [picking, setPicking] = useState(false);
	const [error, setError] = useState<string | null>(null);
	const [saving, setSaving] = useState(false);
	const caret = useRef<number | null>(null);
	const composing = useRef(false);
	const listId = useId();
	const suggestions = useSuggestions(roomId, asked);
	const completing = suggestions.length > 0;
	const length = lengthOf(draft.text);
	const original = useChat((state) =>
		draft.editing ? state.rooms[roomId]?.messages.get(draft.editing) : undefined,
	);

	useLayoutEffect(() => {
		if (caret.current === null) return;
		field.current?.setSelectionRange(caret.current, caret.current);
		caret.current = null;
	});

	const put = useCallback(
		(text: string, at: number) => {
			caret.current = at;
			change({ ...newest.current, text });
			setAsked(null);
			field.current?.focus();
		},
		[change, newest],
	);

	const typed = (text: string, at: number) => {
		setError(null);
		change({ ...newest.current, text });
		client.typing(roomId, text.trim() !== "");
		setAsked(composing.current ? null : askedAt(text, at));
		setActive(0);
		const whole = wholeEmojiAt(text, at);
		if (!whole) return;
		emojiNames().then(
			(all) => {
				const found = all.find((it) => it.name === whole.query.toLowerCase());
				if (!found || newest.current.text !== text) return;
				put(
					text.slice(0, whole.from) + found.emoji + text.slice(whole.to),
					whole.from + found.emoji.length,
				);
			},
			() => undefined,
		);
	};

	const take = (it: Suggestion) => {
		if (!asked) return;
		const made = complete(newest.current.text, asked, it.word);
		put(made.text, made.caret);
	};

	const clear = (next: Draft = { text: "" }) => {
		change(next);
		keep();
		setAsked(null);
		setError(null);
		client.typing(roomId, false);
	};

	const stopEditing = () => {
		const before = newest.current.before ?? { text: "" };
		caret.current = before.text.length;
		clear(before);
	};

	const edit = (message: Message) => {
		const { editing, before, text, replyTo } = newest.current;
		const written = editing ? before : { text, ...(replyTo ? { replyTo } : {}) };
		change({
			text: message.text,
			editing: message.id,
			...(written && written.text !== "" ? { before: written } : {}),
		});
		caret.current = message.text.length;
		field.current?.focus();
	};

	useImperativeHandle(ref, () => ({
		focus: () => field.current?.focus(),
		reply: (message) => {
			const { editing, before, text } = newest.current;
			change({ text: editing ? (before?.text ?? "") : text, replyTo: message.id });
			field.current?.focus();
		},
		edit,
	}));

	const save = async (message: string, text: string) => {
		if (original && original.text === text) return stopEditing();
		setSaving(true);
		try {
			await client.edit(roomId, message, text);
			// Meanwhile it may have been given up, for another one even.
			if (newest.current.editing === message) stopEditing();
		} catch (reason) {
			setError(`${t("composer.edit_failed")} ${why(reason)}`);
		} finally {
			setSaving(false);
		}
	};

	const submit = () => {
		const { editing, replyTo } = newest.current;
		const text = sendable(newest.current.text);
		if (lengthOf(text).blank || !lengthOf(text).fits || saving) return;
		if (editing) return void save(editing, text);
		clear();
		onSent();
		client.send(roomId, text, replyTo).catch((reason) => {
			// Whatever was typed meanwhile stays behind it.
			const rest = newest.current.text;
			change({
				...newest.current,
				text: rest === "" ? text : `${text}\n${rest}`,
				...(replyTo ? { replyTo } : {}),
			});
			setError(t("composer.not_kept"));
			refused(reason);
		});
	};

	const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
		// While an input method composes, the keys are its own.
		if (event.nativeEvent.isComposing || event.keyCode === 229) return;
		const chosen = suggestions[Math.min(active, suggestions.length - 1)];
		if (completing && chosen && !event.altKey && !event.ctrlKey && !event.metaKey) {
			const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
			if (step !== 0) {
				event.preventDefault();
				setActive((active + step + suggestions.length) % suggestions.length);
				return;
			}
			if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
				event.preventDefault();
				take(chosen);
				return;
			}
			if (event.key === "Escape") {
				event.preventDefault();
				setAsked(null);
				return;
			}
		}
		if (event.key === "Enter") {
			const forced = event.ctrlKey || event.metaKey;
			if (!forced && (event.shiftKey || event.altKey || !enterSends)) return;
			event.preventDefault();
			submit();
		} else if (event.key === "Escape" && (draft.editing || draft.replyTo)) {
			event.preventDefault();
			if (draft.editing) stopEditing();
			else change({ text: newest.current.text });
		} else if (matches("ArrowUp", event.nativeEvent) && draft.text === "" && !draft.replyTo) {
			const last = lastOwn();
			if (!last) return;
			event.preventDefault();
			edit(last);
		}
	};

	useShortcut("ArrowUp", "room:composer.shortcut_edit", null, "composer");
	const [sendKeys, lineKeys] = enterSends ? ["Enter", "Shift+Enter"] : ["Mod+Enter", "Enter"];
	useShortcut(sendKeys, "room:composer.shortcut_send", null, "composer");
	useShortcut(lineKeys, "room:composer.shortcut_line", null, "composer");

	const placeholder = direct
		? t("composer.placeholder_direct", { name: title })
		: t("composer.placeholder_room", { name: title });
	const label = draft.editing ? t("composer.editing") : t("composer.label", { name: title });
	const ready = !length.blank && length.fits && !saving;
	return (
		<div className={styles.composer}>
			{completing ? (
				<Suggestions
					id={listId}
					list={suggestions}
					active={Math.min(active, suggestions.length - 1)}
					onActive={setActive}
					onPick={take}
				/>
			) : null}
			{error ? (
				<Notice kind="danger" onClose={() => setError(null)}>
					{error}
				</Notice>
			) : null}
			<div className={styles.box}>
				<Doing
					draft={draft}
					onStop={() => {
						if (draft.editing) stopEditing();
						else change({ text: newest.current.text });
						field.current?.focus();
					}}
				/>
				<div className={styles.line}>
					<GrowingText
						ref={field}
						value={draft.text}
						className={styles.field ?? ""}
						placeholder={placeholder}
						aria-label={label}
						aria-autocomplete="list"
						aria-controls={completing ? listId : undefined}
						aria-activedescendant={
							completing ? `${listId}-${Math.min(active, suggestions.length - 1)}` : undefined
						}
						aria-describedby={length.near ? `${listId}-left` : undefined}
						aria-invalid={!length.fits || undefined}
						autoComplete="off"
						dir="auto"
						enterKeyHint={enterSends ? "send" : "enter"}
						onChange={({ target }) => typed(target.value, target.selectionStart)}
						onKeyDown={onKeyDown}
						onSelect={({ currentTarget: it }) => {
							const collapsed = it.selectionStart === it.selectionEnd;
							if (asked && !composing.current) {
								setAsked(collapsed ? askedAt(it.value, it.selectionStart) : null);
							}
						}}
						onCompositionStart={() => {
							composing.current = true;
						}}
						onCompositionEnd={() => {
							composing.current = false;
						}}
						onBlur={() => {
							setAsked(null);
							keep();
						}}
					/>
					<Popover
						label={t("reactions.pick")}
						open={picking}
						onOpenChange={setPicking}
						placement="top-end"
						button={<IconButton icon="smile" label={t("composer.emoji")} />}
					>
						<EmojiPicker
							onPick={(emoji) => {
								const { text } = newest.current;
								const at = field.current?.selectionStart ?? text.length;
								setPicking(false);
								put(text.slice(0, at) + emoji + text.slice(at), at + emoji.length);
							}}
						/>
					</Popover>
					<IconButton
						icon={draft.editing ? "check" : "send"}
						variant="primary"
						label={t(draft.editing ? "composer.save" : "composer.send")}
						disabled={!ready}
						// The field keeps the focus, and a phone its keyboard.
						onPointerDown={(event) => event.preventDefault()}
						onClick={submit}
					/>
				</div>
				<Counter id={`${listId}-left`} length={length} />
			</div>
		</div>
	);
}
