/** How much a conversation asks for somebody's attention. Pure. */

import type { Message, UserId } from "../../protocol";
import { unread } from "../../state/selectors";
import type { RoomState } from "../../state/types";

export interface Attention {
	/** Unread messages of others. */
	unread: number;
	/** Somebody wants this person: it is a direct conversation, or they are mentioned. */
	wanted: boolean;
}

const NOTHING: Attention = { unread: 0, wanted: false };

/** Whether the text names this person: `@nora`, and not `@noras` or `mail@nora`. */
export function mentions(text: string, username: string): boolean {
	const name = username.replace(/[.]/g, "\\.");
	return new RegExp(`(?<![\\w@.-])@${name}(?![\\w-]|\\.\\w)`, "i").test(text);
}

/** Whether a message is one that this person waits for. */
export function wants(it: RoomState, message: Message, me: { id: UserId; username: string }) {
	if (message.author_id === me.id || message.kind !== "text" || message.deleted) return false;
	return it.room.kind === "direct" || mentions(message.text, me.username);
}

const kept = new WeakMap<RoomState, { me: UserId; attention: Attention }>();

/** Remembered for each state of a room: the list asks after every event. */
export function attention(it: RoomState, me: { id: UserId; username: string }): Attention {
	const before = kept.get(it);
	if (before?.me === me.id) return before.attention;
	const count = unread(it, me.id);
	const made = count === 0 ? NOTHING : { unread: count, wanted: wanted(it, count, me) };
	kept.set(it, { me: me.id, attention: made });
	return made;
}

/** Only the messages that are loaded can tell; as many of the newest as are unread. */
function wanted(it: RoomState, count: number, me: { id: UserId; username: string }): boolean {
	if (it.room.kind === "direct") return true;
	const read = it.me?.read ?? "";
	const newest = it.live ? it.live.ids.slice(-count - 20) : [it.lastMessage ?? ""];
	return newest.some((id) => {
		const message = it.messages.get(id);
		return message !== undefined && id > read && wants(it, message, me);
	});
}
