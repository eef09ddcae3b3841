/** What happens to one room. Pure: each gives the same room where nothing changed. */

import type { Part } from "../net/api";
import type {
	Conversation,
	EventId,
	History,
	HistoryMessage,
	Member,
	Message,
	MessageId,
	Room,
	UserId,
} from "../protocol";
import { knowsAfter } from "./selectors";
import { insert, meet } from "./stretch";
import { Table } from "./table";
import type { MyReactions, Reactions, RoomState, Stretch } from "./types";

/** Somebody who writes says so every three seconds. */
export const TYPING_MS = 6_000;

export function newRoom(room: Room): RoomState {
	return {
		room,
		me: null,
		memberCount: null,
		members: {},
		membersLoaded: false,
		messages: Table.empty(),
		reactions: Table.empty(),
		myReactions: Table.empty(),
		live: null,
		detached: null,
		lastMessage: null,
		counted: { unread: 0, upTo: null, read: null },
		stale: false,
		typing: {},
	};
}

export function withRoom(it: RoomState, room: Room): RoomState {
	return room.version > it.room.version ? { ...it, room } : it;
}

/** A message that happened, as an event tells it. */
export function withMessage(it: RoomState, message: Message, me: UserId | null): RoomState {
	const changed = hold(it, [message], me);
	const before = it.messages.get(message.id);
	const { live, detached } = changed;
	// While the room is stale, there may be a hole before it.
	const nextLive = live && !it.stale ? insert(live, message.id) : live;
	const nextDetached = detached ? insert(detached, message.id) : detached;
	const typing = before ? changed.typing : without(changed.typing, message.author_id);
	if (nextLive === live && nextDetached === detached && typing === changed.typing) return changed;
	return { ...changed, live: nextLive, detached: nextDetached, typing };
}

/** Knows these messages, wherever they stand. */
function hold(it: RoomState, messages: readonly HistoryMessage[], me: UserId | null): RoomState {
	const held: [MessageId, Message][] = [];
	const reactions: [MessageId, Reactions][] = [];
	const mine: [MessageId, MyReactions][] = [];
	let { lastMessage, counted } = it;
	for (const whole of messages) {
		const { reactions: summary, reactions_version, my_reactions, ...message } = whole;
		const { id } = message;
		const known = it.messages.get(id);
		if (!known || known.version < message.version) {
			held.push([id, message]);
			if (isDoubtful(it, message, me)) counted = { ...counted, doubtful: true };
		}
		if (lastMessage === null || lastMessage < id) lastMessage = id;
		if (reactions_version == null) continue;
		if ((it.reactions.get(id)?.version ?? "") < reactions_version) {
			reactions.push([id, { version: reactions_version, summary: summary ?? [] }]);
		}
		if (my_reactions && (it.myReactions.get(id)?.version ?? "") < reactions_version) {
			mine.push([id, { version: reactions_version, emojis: my_reactions }]);
		}
	}
	if (held.length === 0 && reactions.length === 0 && mine.length === 0) return it;
	return {
		...it,
		messages: it.messages.with(held),
		reactions: it.reactions.with(reactions),
		myReactions: it.myReactions.with(mine),
		lastMessage,
		counted,
	};
}

/** A message that may have been counted as unread is gone. */
function isDoubtful(it: RoomState, message: Message, me: UserId | null): boolean {
	const { upTo, read } = it.counted;
	return (
		message.deleted === true &&
		message.author_id !== me &&
		upTo !== null &&
		message.id <= upTo &&
		(read === null || message.id > read) &&
		!knowsAfter(it, it.me?.read ?? null)
	);
}

export function withReaction(
	it: RoomState,
	told: { message: MessageId; version: EventId; summary: Reactions["summary"] },
	mine: string[] | null,
): RoomState {
	const { message, version, summary } = told;
	const isNewer = (it.reactions.get(message)?.version ?? "") < version;
	const mineIsNewer = mine !== null && (it.myReactions.get(message)?.version ?? "") < version;
	if (!isNewer && !mineIsNewer) return it;
	return {
		...it,
		reactions: isNewer ? it.reactions.with([[message, { version, summary }]]) : it.reactions,
		myReactions: mineIsNewer
			? it.myReactions.with([[message, { version, emojis: mine }]])
			: it.myReactions,
	};
}

export function withMember(it: RoomState, member: Member, me: UserId | null): RoomState {
	const isMe = member.user_id === me;
	const known = isMe ? (it.me ?? it.members[member.user_id]) : it.members[member.user_id];
	const next = newer(known, member);
	if (next === known && it.members[member.user_id] === next) return it;
	const members =
		it.members[next.user_id] === next ? it.members : { ...it.members, [next.user_id]: next };
	const typing = next.state === "left" ? without(it.typing, next.user_id) : it.typing;
	if (!isMe) return { ...it, members, typing };
	// Whoever comes back has missed what happened meanwhile.
	const cameBack = it.me !== null && it.me.joined_at !== next.joined_at && it.live !== null;
	const changed = { ...it, me: next, members, typing, counted: recounted(it, next.read ?? null) };
	return cameBack ? withLoss(changed) : changed;
}

/** Nobody knows what was missed. What is shown stays until it is loaded again. */
export function withLoss(it: RoomState): RoomState {
	const detached = it.detached && { ...it.detached, moreAfter: true };
	return { ...it, detached, stale: true, membersLoaded: false };
}

/** The newer state. How far somebody has read and received only ever rises while they are there. */
function newer(known: Member | null | undefined, told: Member): Member {
	if (!known) return told;
	const [older, latest] = told.version > known.version ? [known, told] : [told, known];
	if (older.joined_at !== latest.joined_at) return latest;
	const read = higher(older.read, latest.read);
	const delivered = higher(older.delivered, latest.delivered);
	if (read === (latest.read ?? null) && delivered === (latest.delivered ?? null)) return latest;
	return { ...latest, read, delivered };
}

function higher(a: MessageId | null | undefined, b: MessageId | null | undefined) {
	return (a ?? "") > (b ?? "") ? (a ?? null) : (b ?? null);
}

/** Whether the count still holds when one has read so far. */
function recounted(it: RoomState, read: MessageId | null): RoomState["counted"] {
	const { counted } = it;
	if (counted.doubtful || counted.upTo === null || read === null || knowsAfter(it, read)) {
		return counted;
	}
	const within = read > (counted.read ?? "") && read < counted.upTo && counted.unread > 0;
	return within ? { ...counted, doubtful: true } : counted;
}

/** One has read so far, before the server says so. */
export function withRead(it: RoomState, read: MessageId): RoomState {
	if (!it.me || (it.me.read ?? "") >= read) return it;
	const me = { ...it.me, read, delivered: higher(it.me.delivered, read) };
	const members = it.members[me.user_id] ? { ...it.members, [me.user_id]: me } : it.members;
	return { ...it, me, members, counted: recounted(it, read) };
}

/** As the server's list has it. */
export function withConversation(it: RoomState, told: Conversation, me: UserId | null): RoomState {
	const { room, member, last_message, unread } = told;
	let next = withMember(withRoom(it, room), member, me);
	if (last_message) next = withMessage(next, last_message, me);
	const upTo = last_message?.id ?? null;
	if ((upTo ?? "") < (next.counted.upTo ?? "")) return next;
	const read = member.read ?? null;
	const same =
		next.counted.unread === unread &&
		next.counted.upTo === upTo &&
		next.counted.read === read &&
		!next.counted.doubtful;
	if (same) return next;
	const taken = { ...next, counted: { unread, upTo, read } };
	const counted = recounted(taken, taken.me?.read ?? null);
	return { ...taken, counted };
}

/** A page of history. */
export function withPage(it: RoomState, part: Part, page: History, me: UserId | null): RoomState {
	const held = hold(it, page.messages, me);
	const ids = page.messages.map(({ id }) => id);
	const stretch: Stretch = { ids, moreBefore: page.more_before, moreAfter: page.more_after };
	if ("newest" in part) return joined(withNewest(held, stretch));
	if ("around" in part) return joined({ ...held, detached: toTheEnd(held, stretch) });
	if ("before" in part) {
		const grown = (old: Stretch | null) =>
			old && old.ids[0] === part.before
				? { ...old, ids: ids.concat(old.ids), moreBefore: page.more_before }
				: old;
		return joined({ ...held, live: grown(held.live), detached: grown(held.detached) });
	}
	const { detached } = held;
	if (!detached || detached.ids[detached.ids.length - 1] !== part.after) return joined(held);
	const grown = { ...detached, ids: detached.ids.concat(ids), moreAfter: page.more_after };
	return joined({ ...held, detached: toTheEnd(held, grown) });
}

/** The newest page: with it the room is as the server has it. */
function withNewest(it: RoomState, page: Stretch): RoomState {
	const newest = toTheEnd(it, { ...page, moreAfter: false });
	if (it.stale) return loadedAgain({ ...it, live: newest, stale: false });
	const live = it.live ? (meet(it.live, newest) ?? newest) : newest;
	return { ...it, live: { ...live, moreAfter: false } };
}

/** What was not loaded again may be otherwise by now: it is forgotten, and loaded when it is shown. */
function loadedAgain(it: RoomState): RoomState {
	const held = new Set([...(it.live?.ids ?? []), ...(it.detached?.ids ?? [])]);
	// What came after the server counted is counted here.
	const counted = it.counted.upTo ?? "";
	const again = (id: MessageId) => held.has(id) || id > counted;
	return {
		...it,
		messages: it.messages.filter(again),
		reactions: it.reactions.filter(again),
		myReactions: it.myReactions.filter(again),
	};
}

/**
 * Of a page that goes up to the end: what happened since the server made it was told, and is known;
 * so the stretch goes on with that.
 */
function toTheEnd(it: RoomState, page: Stretch): Stretch {
	const last = page.ids[page.ids.length - 1];
	if (page.moreAfter || (last !== undefined && last === it.lastMessage)) return page;
	const since: MessageId[] = [];
	for (const [id] of it.messages) if (last === undefined || id > last) since.push(id);
	return since.length === 0 ? page : { ...page, ids: page.ids.concat(since.sort()) };
}

/** `detached` that has met `live` is a part of it. */
function joined(it: RoomState): RoomState {
	const { live, detached } = it;
	if (!detached) return it;
	if (!live) return detached.moreAfter ? it : { ...it, live: detached, detached: null };
	if (it.stale) return it;
	const one = meet(detached, live);
	return one ? { ...it, live: { ...one, moreAfter: false }, detached: null } : it;
}

export function withTyping(it: RoomState, user: UserId, until: number | null): RoomState {
	if (until === null) {
		const typing = without(it.typing, user);
		return typing === it.typing ? it : { ...it, typing };
	}
	return { ...it, typing: { ...it.typing, [user]: until } };
}

/** Forgets who has not written for a while. */
export function withTime(it: RoomState, now: number): RoomState {
	const late = Object.keys(it.typing).filter((user) => (it.typing[user] ?? 0) <= now);
	return late.length === 0 ? it : { ...it, typing: late.reduce(without, it.typing) };
}

function without(typing: RoomState["typing"], user: UserId): RoomState["typing"] {
	if (!(user in typing)) return typing;
	const { [user]: _, ...rest } = typing;
	return rest;
}
