/** What features ask of the state, beyond what stands in it. Pure. */

import type { Message, MessageId, Room, RoomId, UserId } from "../protocol";
import type { RoomState, State, Stretch, Unsent } from "./types";

export const myId = (state: State): UserId | null =>
	state.session.at === "in" ? state.session.me.id : null;

/** Rooms that one is in and that are not deleted; those with the newest message first. */
export function conversations(state: State): RoomState[] {
	return Object.values(state.rooms)
		.filter((it) => it.me?.state === "joined" && !it.room.deleted)
		.sort((a, b) => (newest(a) < newest(b) ? 1 : -1));
}

const newest = (it: RoomState) => it.lastMessage ?? it.room.version;

/** The other one of a direct conversation. */
export function otherPerson(room: Room, me: UserId | null): UserId | null {
	return room.people?.find((id) => id !== me) ?? null;
}

/** A room's name; a direct conversation has that of the other person. */
export function titleOf(state: State, room: Room): string {
	if (room.kind !== "direct") return room.name;
	const other = otherPerson(room, myId(state));
	return (other && state.users[other]?.display_name) || "…";
}

/** Messages of others after what one has read. Exact where they are all known. */
export function unread(it: RoomState, me: UserId | null): number {
	const read = it.me?.read ?? null;
	const { counted } = it;
	const counts = (message: Message) =>
		message.kind === "text" && !message.deleted && message.author_id !== me;
	const known = (from: MessageId | null) =>
		Object.values(it.messages).filter((m) => counts(m) && (from === null || m.id > from)).length;
	if (covers(it.live, read)) return known(read);
	if (counted.upTo !== null && read !== null && read >= counted.upTo) return known(read);
	return counted.unread + (counted.upTo === null ? known(read) : known(counted.upTo));
}

/** Whether the newest stretch goes back to this message, or to the beginning. */
function covers(live: Stretch | null, from: MessageId | null): boolean {
	if (!live) return false;
	const first = live.ids[0];
	return !live.moreBefore || (first !== undefined && from !== null && first <= from);
}

/** The stretch that is shown: where one jumped to, or the newest. */
export const shown = (it: RoomState): Stretch | null => it.detached ?? it.live;

export function unsentIn(state: State, room: RoomId): Unsent[] {
	return state.unsent.filter((it) => it.roomId === room);
}

/** Who writes in the room at this time, without oneself. */
export function typingIn(it: RoomState, me: UserId | null, now: number): UserId[] {
	return Object.keys(it.typing).filter((user) => user !== me && (it.typing[user] ?? 0) > now);
}
