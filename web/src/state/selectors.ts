/** What features ask of the state, beyond what stands in it. Pure. */

import type { Message, MessageId, Room, RoomId, UserId } from "../protocol";
import type { RoomState, State, Stretch, Unsent } from "./types";

export const myId = (state: State): UserId | null =>
	state.session.at === "in" ? state.session.me.id : null;

const lists = new WeakMap<State["rooms"], RoomState[]>();

/** Rooms that one is in and that are not deleted; those with the newest message first. */
export function conversations(state: State): RoomState[] {
	const before = lists.get(state.rooms);
	if (before) return before;
	const list = Object.values(state.rooms)
		.filter((it) => it.me?.state === "joined" && !it.room.deleted)
		.sort((a, b) => (newest(a) < newest(b) ? 1 : -1));
	lists.set(state.rooms, list);
	return list;
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

const counts = new WeakMap<RoomState, number>();

/**
 * Messages of others after what one has read. Exact where they are all known, or the server counted
 * (it stops at 100).
 */
export function unread(it: RoomState, me: UserId | null): number {
	let count = counts.get(it);
	if (count === undefined) {
		count = countUnread(it, me);
		counts.set(it, count);
	}
	return count;
}

function countUnread(it: RoomState, me: UserId | null): number {
	const read = it.me?.read ?? null;
	const { counted } = it;
	if (knowsAfter(it, read)) return countAfter(it, read, me);
	if (counted.upTo === null) return counted.unread + countAfter(it, read, me);
	if (read !== null && read >= counted.upTo) return countAfter(it, read, me);
	return counted.unread + countAfter(it, counted.upTo, me);
}

/** Of those that are known. */
function countAfter(it: RoomState, from: MessageId | null, me: UserId | null): number {
	const unseen = (message: Message | undefined) =>
		message?.kind === "text" && !message.deleted && message.author_id !== me;
	let count = 0;
	if (it.live && knowsAfter(it, from)) {
		const { ids } = it.live;
		for (let at = ids.length - 1; at >= 0; at -= 1) {
			const id = ids[at] ?? "";
			if (from !== null && id <= from) break;
			if (unseen(it.messages.get(id))) count += 1;
		}
		return count;
	}
	for (const message of it.messages.values()) {
		if ((from === null || message.id > from) && unseen(message)) count += 1;
	}
	return count;
}

/** Whether all messages after this one are known. */
export function knowsAfter({ live, stale }: RoomState, from: MessageId | null): boolean {
	return !stale && covers(live, from);
}

/** Whether the newest stretch goes back to this message, or to the beginning. */
export function covers(live: Stretch | null, from: MessageId | null): live is Stretch {
	if (!live) return false;
	const first = live.ids[0];
	return !live.moreBefore || (first !== undefined && from !== null && first <= from);
}

/** The emojis that one reacted with. */
export function reactedWith(it: RoomState, message: MessageId, me: UserId | null): string[] {
	const all = it.reactions.get(message);
	const mine = it.myReactions.get(message);
	if (!all || me === null) return mine?.emojis ?? [];
	if (mine && mine.version >= all.version) return mine.emojis;
	// The summary is newer. It names the first ten, so it may leave open whether one is among them.
	return all.summary
		.filter(
			({ emoji, users, count }) =>
				users.includes(me) || (count > users.length && mine?.emojis.includes(emoji)),
		)
		.map(({ emoji }) => emoji);
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
