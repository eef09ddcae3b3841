/**
 * The rows of a timeline. A row depends on its message and on the one before, so none is computed
 * before it is looked at: an event costs as much in a conversation of 100,000 messages as in one of ten.
 */

import type { Message, MessageId, UserId } from "../../../protocol";
import type { Unsent } from "../../../state/types";
import type { Rows } from "../list/LogView";
import { dayOf } from "./days";

export interface Timeline {
	/** A stretch of the history; ids rise. */
	ids: readonly MessageId[];
	moreBefore: boolean;
	moreAfter: boolean;
	message: (id: MessageId) => Message | undefined;
	/** What was written here and is not in the stretch, oldest first. */
	unsent: readonly Unsent[];
	me: UserId | null;
	/** The message before which "New" stands. */
	newFrom: MessageId | null;
	timeZone: string;
}

interface Placed {
	key: string;
	/** A time of the day that begins with this row. */
	day: number | null;
	/** "New" stands before it. */
	isNew: boolean;
}

/** Something that a person wrote: stored, or on its way. */
export interface Entry extends Placed {
	kind: "entry";
	/** The first of a block: with the person and the time. */
	head: boolean;
	written: { stored: true; message: Message } | { stored: false; unsent: Unsent };
}

export interface SystemRow extends Placed {
	kind: "system";
	message: Message;
}

export type Row =
	| Entry
	| SystemRow
	/** The beginning of the conversation; or of what is loaded, with `more` before it. */
	| { kind: "start"; key: "start"; more: boolean }
	/** The end of what is loaded, where there is more. */
	| { kind: "end"; key: "end" }
	/** An id without a message. */
	| { kind: "missing"; key: string };

export interface TimelineRows extends Rows {
	at(index: number): Row;
	/** The index of a message, or -1. */
	indexOfMessage(id: MessageId): number;
	/** The id of the message at this index; `null` where there is another kind of row. */
	messageAt(index: number): MessageId | null;
}

/** Messages of one person that follow each other within this time form a block. */
export const BLOCK_MS = 5 * 60_000;

/** As far from the end one's own acknowledged message may be while its `Unsent` is still there. */
const RECENT = 100;

const START = "start";
const END = "end";

export function rows(timeline: Timeline): TimelineRows {
	const { ids, moreBefore, moreAfter, message, me, newFrom, timeZone } = timeline;
	// Beside an older stretch, what waits to be sent has no place: it is newer than all of it.
	const unsent = moreAfter ? [] : unacknowledged(timeline);
	const firstUnsent = 1 + ids.length;
	const count = firstUnsent + unsent.length + (moreAfter ? 1 : 0);

	const nonces = new Map<string, number>();
	unsent.forEach((it, index) => {
		nonces.set(it.nonce, firstUnsent + index);
	});

	const keyOf = (id: MessageId): string => {
		const it = message(id);
		// One's own message keeps the key that it had while it was on its way.
		return it?.nonce && it.author_id === me ? it.nonce : id;
	};

	const idAt = (index: number): string => {
		if (index === 0) return START;
		if (index < firstUnsent) return ids[index - 1] ?? "";
		return unsent[index - firstUnsent]?.nonce ?? END;
	};

	const indexOfMessage = (id: MessageId): number => {
		const at = search(ids, id);
		return at < 0 ? -1 : at + 1;
	};

	/** Who wrote what stands before this row, and when. */
	const before = (index: number): { at: number; author: UserId | null } | null => {
		const waiting = unsent[index - 1 - firstUnsent];
		if (waiting) return { at: waiting.writtenAt, author: me };
		const it = index > 1 ? message(ids[index - 2] ?? "") : undefined;
		return it ? { at: it.sent_at, author: it.kind === "text" ? it.author_id : null } : null;
	};

	const place = (index: number, key: string, at: number) => {
		const previous = before(index);
		const newDay = !previous || dayOf(previous.at, timeZone) !== dayOf(at, timeZone);
		const isNew = newFrom !== null && ids[index - 1] === newFrom;
		return { previous, placed: { key, day: newDay ? at : null, isNew } };
	};

	const make = (index: number): Row => {
		if (index === 0) return { kind: "start", key: START, more: moreBefore };
		const waiting = unsent[index - firstUnsent];
		if (waiting) {
			const { previous, placed } = place(index, waiting.nonce, waiting.writtenAt);
			const head = begins(placed, previous, me, waiting.writtenAt);
			return { kind: "entry", ...placed, head, written: { stored: false, unsent: waiting } };
		}
		const id = ids[index - 1];
		if (id === undefined) return { kind: "end", key: END };
		const it = message(id);
		if (!it) return { kind: "missing", key: id };
		const { previous, placed } = place(index, keyOf(id), it.sent_at);
		if (it.kind === "system") return { kind: "system", ...placed, message: it };
		const head = begins(placed, previous, it.author_id, it.sent_at);
		return { kind: "entry", ...placed, head, written: { stored: true, message: it } };
	};

	const made = new Map<number, Row>();
	const at = (index: number): Row => {
		let row = made.get(index);
		if (!row) {
			row = make(index);
			made.set(index, row);
		}
		return row;
	};

	const indexOf = (id: string, key?: string): number => {
		if (id === START) return 0;
		if (id === END) return moreAfter ? count - 1 : -1;
		const waiting = nonces.get(id);
		if (waiting !== undefined) return waiting;
		const stored = indexOfMessage(id);
		if (stored >= 0 || key === undefined) return stored;
		for (let index = ids.length; index > Math.max(0, ids.length - RECENT); index--) {
			if (keyOf(ids[index - 1] ?? "") === key) return index;
		}
		return -1;
	};

	return {
		count,
		idAt,
		keyAt: (index) => (index > 0 && index < firstUnsent ? keyOf(idAt(index)) : idAt(index)),
		indexOf,
		isEdge: (index) => index === 0 || (moreAfter && index === count - 1),
		at,
		indexOfMessage,
		messageAt: (index) => ids[index - 1] ?? null,
	};
}

function begins(
	placed: Placed,
	previous: { at: number; author: UserId | null } | null,
	author: UserId | null,
	at: number,
): boolean {
	if (placed.day !== null || placed.isNew || !previous) return true;
	return previous.author !== author || at - previous.at > BLOCK_MS;
}

/** An acknowledgement and its event come in either order; a message is never there twice. */
function unacknowledged({ ids, message, unsent, me }: Timeline): readonly Unsent[] {
	if (unsent.length === 0) return unsent;
	const stored = new Set<string>();
	for (const id of ids.slice(-RECENT)) {
		const it = message(id);
		if (it?.nonce && it.author_id === me) stored.add(it.nonce);
	}
	return unsent.filter((it) => !stored.has(it.nonce));
}

/** The index of an id among ids that rise, or -1. */
export function search(ids: readonly string[], id: string): number {
	let low = 0;
	let high = ids.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((ids[middle] ?? "") < id) low = middle + 1;
		else high = middle;
	}
	return ids[low] === id ? low : -1;
}

/**
 * The first message of somebody else after what was read, for the "New" line. Where nothing was read
 * it is the first since one came into the room.
 */
export function firstUnread(
	ids: readonly MessageId[],
	message: (id: MessageId) => Message | undefined,
	read: { upTo: MessageId | null; joinedAt: number },
	me: UserId | null,
): MessageId | null {
	let found: MessageId | null = null;
	for (let index = ids.length - 1; index >= 0; index--) {
		const id = ids[index] ?? "";
		const it = message(id);
		if (read.upTo === null ? it && it.sent_at < read.joinedAt : id <= read.upTo) break;
		if (it && it.kind === "text" && !it.deleted && it.author_id !== me) found = id;
	}
	return found;
}

/** How many messages of others stand after this one. */
export function countAfter(
	ids: readonly MessageId[],
	message: (id: MessageId) => Message | undefined,
	after: MessageId,
	me: UserId | null,
): number {
	let count = 0;
	for (let index = ids.length - 1; index >= 0; index--) {
		const id = ids[index] ?? "";
		if (id <= after) break;
		const it = message(id);
		if (it && it.kind === "text" && !it.deleted && it.author_id !== me) count += 1;
	}
	return count;
}
