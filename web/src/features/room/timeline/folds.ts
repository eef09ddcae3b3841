/**
 * Many who come or go one after the other fill a page and say little: three or more such messages of
 * one day are folded into one row. Each message keeps a row of its own: the first one of a run stands
 * for all of them, the others have no height while it is closed. So no row is renamed or moves when
 * the run grows, at its beginning by an older page, or at its end.
 */

import type { Message, MessageId } from "../../../protocol";
import { search } from "./search";

/** What is folded. */
export type Folding = "joined" | "left";

/** Fewer are shown one by one. */
export const FOLDED_FROM = 3;

/** Places among the ids; both ends belong to it. */
export interface Run {
	first: number;
	last: number;
	open: boolean;
}

interface Source {
	ids: readonly MessageId[];
	message: (id: MessageId) => Message | undefined;
	/** Whether two messages that follow each other are of one day. */
	sameDay: (a: Message, b: Message) => boolean;
	newFrom: MessageId | null;
	/** Messages whose runs are open. */
	opened: ReadonlySet<MessageId>;
}

export function foldingOf(message: Message | undefined): Folding | null {
	const event = message?.kind === "system" ? message.system?.event : undefined;
	return event === "joined" || event === "left" ? event : null;
}

/** Finds the run that a place is in, or `null`. A run is looked for once, when it is looked at. */
export function runs({ ids, message, sameDay, newFrom, opened }: Source) {
	const found = new Map<number, Run | null>();

	/** Whether the message at this place goes on with what the one before it says. */
	const goesOn = (at: number): boolean => {
		const it = message(ids[at] ?? "");
		const before = message(ids[at - 1] ?? "");
		if (!it || !before || ids[at] === newFrom) return false;
		return foldingOf(it) === foldingOf(before) && sameDay(before, it);
	};

	return (at: number): Run | null => {
		const known = found.get(at);
		if (known !== undefined) return known;
		if (foldingOf(message(ids[at] ?? "")) === null) return null;
		let first = at;
		while (goesOn(first)) first--;
		let last = at;
		while (goesOn(last + 1)) last++;
		const isOpen = (id: MessageId) => {
			const place = search(ids, id);
			return place >= first && place <= last;
		};
		const run =
			last - first + 1 < FOLDED_FROM ? null : { first, last, open: [...opened].some(isOpen) };
		for (let place = first; place <= last; place++) found.set(place, run);
		return run;
	};
}
