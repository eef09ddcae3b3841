import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { Message } from "../../../protocol";
import { useChat } from "../../../state/store";
import {
	afterMenu,
	EmojiPicker,
	IconButton,
	Menu,
	MenuItem,
	MenuSeparator,
	Popover,
	QuickReactions,
} from "../../../ui";
import { may } from "../../permissions";
import { addressOf, messagePath } from "../../places";
import { useRoomActions } from "../roomContext";
import { useCopy } from "../useCopy";
import styles from "./MessageActions.module.css";

/** Which of the things that float above a message is open. */
export type Open = "menu" | "quick" | "picker" | null;

/** What can be done with a message: three things at once, the others behind "more". */
export function MessageActions({
	message,
	home,
	open,
	onOpen,
}: {
	message: Message;
	/** Where the focus goes when a dialog closes: this bar may be gone by then. */
	home: RefObject<HTMLElement | null>;
	open: Open;
	onOpen: (open: Open) => void;
}) {
	const { t } = useTranslation("room");
	const { roomId, me, reply, edit, react, askToDelete, showSeenBy } = useRoomActions();
	const own = message.author_id === me;
	const deletable = useMayDelete(message);
	const ask = (act: () => void) =>
		afterMenu(() => {
			home.current?.focus({ preventScroll: true });
			act();
		});
	const pick = (emoji: string) => {
		onOpen(null);
		react(message.id, emoji, true);
	};
	const copy = useCopy();
	return (
		<div
			className={styles.bar}
			role="toolbar"
			aria-label={t("message.actions")}
			data-open={open !== null || undefined}
		>
			<Popover
				label={t("reactions.pick")}
				open={open === "quick" || open === "picker"}
				onOpenChange={(it) => onOpen(it ? "quick" : null)}
				button={<IconButton icon="smile" size="small" label={t("message.react")} shortcut="+" />}
			>
				{open === "picker" ? (
					<EmojiPicker onPick={pick} />
				) : (
					<QuickReactions onPick={pick} onMore={() => onOpen("picker")} />
				)}
			</Popover>
			<IconButton
				icon="reply"
				size="small"
				label={t("message.reply")}
				shortcut="R"
				onClick={() => reply(message)}
			/>
			{own ? (
				<IconButton
					icon="edit"
					size="small"
					label={t("message.edit")}
					shortcut="E"
					onClick={() => edit(message)}
				/>
			) : null}
			<Menu
				open={open === "menu"}
				onOpenChange={(it) => onOpen(it ? "menu" : null)}
				button={<IconButton icon="more" size="small" label={t("message.more")} />}
			>
				<MenuItem icon="smile" shortcut="+" onClick={() => afterMenu(() => onOpen("quick"))}>
					{t("message.react")}
				</MenuItem>
				<MenuItem icon="reply" shortcut="R" onClick={() => afterMenu(() => reply(message))}>
					{t("message.reply")}
				</MenuItem>
				{own ? (
					<MenuItem icon="edit" shortcut="E" onClick={() => afterMenu(() => edit(message))}>
						{t("message.edit")}
					</MenuItem>
				) : null}
				<MenuSeparator />
				<MenuItem icon="copy" onClick={() => copy(message.text)}>
					{t("message.copy_text")}
				</MenuItem>
				<MenuItem icon="link" onClick={() => copy(addressOf(messagePath(roomId, message.id)))}>
					{t("message.copy_link")}
				</MenuItem>
				<MenuItem icon="eye" onClick={() => ask(() => showSeenBy(message.id))}>
					{t("message.seen_by")}
				</MenuItem>
				{deletable ? (
					<>
						<MenuSeparator />
						<MenuItem
							icon="trash"
							shortcut="Delete"
							danger
							onClick={() => ask(() => askToDelete(message))}
						>
							{t("message.delete")}
						</MenuItem>
					</>
				) : null}
			</Menu>
		</div>
	);
}

/** Whether one may delete a message: an own one, or by one's role. */
export function useMayDelete(message: Message): boolean {
	const { roomId } = useRoomActions();
	return useChat((state) => {
		const it = state.rooms[roomId];
		if (!it || state.session.at !== "in" || it.me?.state !== "joined") return false;
		if (message.author_id === state.session.me.id) return true;
		const author = it.members[message.author_id];
		const by = author?.state === "joined" ? author.role : "gone";
		const who = { room: it.room, role: it.me.role, server: state.session.me.role };
		return may(who, { do: "delete_message", by });
	});
}
