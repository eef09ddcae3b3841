/**
 * The rows of a timeline. A row depends on its message and on the one before, so none is computed
 * before it is looked at: an event costs as much in a conversation of 100,000 messages as in one of ten.
 */

import type { Message, MessageId, UserId } from "../../../protocol";
import type { Unsent } from "../../../state/types";
import type { Rows } from "../list/LogView";
import { dayOf } from "./days";
import { type Folding, foldingOf, runs } from "./folds";
import { search } from "./search";

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
	/** Messages whose folds are open: see `folds`. */
	opened?: ReadonlySet<MessageId>;
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

/** Stands for all messages of a run; its own is among them. */
export interface Fold extends Placed {
	kind: "fold";
	message: Message;
	event: Folding;
	messages: readonly MessageId[];
	/** Each of them once, in their order. */
	people: readonly UserId[];
	open: boolean;
}

export type Row =
	| Entry
	| SystemRow
	| Fold
	/** Is in a fold that is closed. */
	| { kind: "folded"; key: string }
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
	/** The last message that is in view with this row: a closed fold shows all of its own. */
	lastMessageAt(index: number): MessageId | null;
}

/** Messages of one person that follow each other within this time form a block. */
export const BLOCK_MS = 5 * 60_000;

/** As far from the end one's own acknowledged message may be while its `Unsent` is still there. */
const RECENT = 100;

const START = "start";
const END = "end";
const NOTHING_OPENED: ReadonlySet<MessageId> = new Set();

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

	const run = runs({
		ids,
		message,
		newFrom,
		opened: timeline.opened ?? NOTHING_OPENED,
		sameDay: (a, b) => dayOf(a.sent_at, timeZone) === dayOf(b.sent_at, timeZone),
	});
	/** The closed fold that the row at this index is in. */
	const closed = (index: number) => {
		const it = index > 0 && index < firstUnsent ? run(index - 1) : null;
		return it && !it.open ? it : null;
	};
	const isHidden = (index: number): boolean => {
		const it = closed(index);
		return it !== null && it.first !== index - 1;
	};

	/** The first rows that are loaded, which what comes before them may fold. */
	let loose: number | undefined;
	const looseUpTo = (): number => {
		if (loose !== undefined) return loose;
		const event = foldingOf(message(ids[0] ?? ""));
		const folded = run(0);
		loose = folded ? folded.last + 1 : 0;
		while (!folded && event !== null && loose < ids.length) {
			if (foldingOf(message(ids[loose] ?? "")) !== event) break;
			loose++;
		}
		return loose;
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
		if (isHidden(index)) return { kind: "folded", key: keyOf(id) };
		const { previous, placed } = place(index, keyOf(id), it.sent_at);
		const event = foldingOf(it);
		const fold = event === null ? null : run(index - 1);
		if (event !== null && fold?.first === index - 1) {
			const messages = ids.slice(fold.first, fold.last + 1);
			const authors = new Set(messages.map((one) => message(one)?.author_id));
			const people = [...authors].filter((one) => one !== undefined);
			return { kind: "fold", ...placed, message: it, event, messages, people, open: fold.open };
		}
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
		opened: timeline.opened,
		idAt,
		keyAt: (index) => (index > 0 && index < firstUnsent ? keyOf(idAt(index)) : idAt(index)),
		indexOf,
		isHidden,
		isLoose: (index) => moreBefore && index > 0 && index <= Math.max(1, looseUpTo()),
		isEdge: (index) => index === 0 || (moreAfter && index === count - 1),
		at,
		indexOfMessage,
		messageAt: (index) => ids[index - 1] ?? null,
		lastMessageAt: (index) => ids[closed(index)?.last ?? index - 1] ?? null,
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
