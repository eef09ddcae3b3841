import type { Change } from "./changes";

/** The rows that are in the page: from `first` up to, and without, `last`. */
export interface Range {
	first: number;
	last: number;
}

/**
 * The range that shows the same rows after a change. What was added beside the row `anchor`, which is
 * being looked at, stays out until it comes into view: a page of history costs nothing at once.
 */
export function shift(range: Range, anchor: number, change: Change, count: number): Range {
	const { start, removed, added } = change;
	const delta = added - removed;
	const size = range.last - range.first;
	if (start + removed <= anchor) {
		const first = Math.max(range.first, start + removed) + delta;
		return within({ first, last: Math.max(range.last + delta, first) }, count);
	}
	if (start > anchor) {
		// At the end, what was added is looked at as soon as it is there.
		const touches = start <= range.last;
		const last = touches ? Math.min(range.last + Math.max(delta, 0), start + added) : range.last;
		return within({ first: Math.max(range.first, last - size - MORE), last }, count);
	}
	return within(range, count);
}

/** So many rows more than before are rendered when many come at once, such as after a reconnect. */
const MORE = 20;

export function within({ first, last }: Range, count: number): Range {
	const end = Math.max(0, Math.min(last, count));
	return { first: Math.max(0, Math.min(first, end)), last: end };
}
