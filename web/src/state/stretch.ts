/** Stretches of history: sorted ids, pages that extend them, two that meet. Pure. */

import type { MessageId } from "../protocol";
import type { Stretch } from "./types";

/** Two sorted lists as one. One of the two itself, where it holds the other. */
export function mergeIds(a: MessageId[], b: MessageId[]): MessageId[] {
	const lastA = a[a.length - 1];
	const lastB = b[b.length - 1];
	if (lastB === undefined) return a;
	if (lastA === undefined) return b;
	if (lastA < (b[0] ?? "")) return a.concat(b);
	if (lastB < (a[0] ?? "")) return b.concat(a);
	const merged: MessageId[] = [];
	let at = 0;
	let other = 0;
	while (at < a.length || other < b.length) {
		const left = a[at];
		const right = b[other];
		if (right === undefined || (left !== undefined && left <= right)) {
			if (left !== undefined) merged.push(left);
			at += 1;
			if (left === right) other += 1;
		} else {
			merged.push(right);
			other += 1;
		}
	}
	return merged.length === a.length ? a : merged;
}

/** The place of this id, or that where it would be put. */
export function placeOf(ids: readonly MessageId[], id: MessageId): number {
	const last = ids[ids.length - 1];
	if (last === undefined || last < id) return ids.length;
	let low = 0;
	let high = ids.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((ids[middle] ?? "") < id) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** With a message that is told of; the same stretch where it belongs into no known part of it. */
export function insert(stretch: Stretch, id: MessageId): Stretch {
	const { ids, moreBefore, moreAfter } = stretch;
	const at = placeOf(ids, id);
	if (ids[at] === id) return stretch;
	if (at === 0 && moreBefore) return stretch;
	if (at === ids.length && moreAfter) return stretch;
	return { ...stretch, ids: at === ids.length ? ids.concat([id]) : ids.toSpliced(at, 0, id) };
}

/** Two stretches that overlap or touch, as one; `null` where there may be a hole between them. */
export function meet(older: Stretch, newer: Stretch): Stretch | null {
	const [a, b] = begin(older) <= begin(newer) ? [older, newer] : [newer, older];
	const last = a.ids[a.ids.length - 1];
	const first = b.ids[0];
	const touch = last === undefined || first === undefined || first <= last;
	if (!touch && a.moreAfter && b.moreBefore) return null;
	const inside = b.ids[b.ids.length - 1] ?? "";
	return {
		ids: mergeIds(a.ids, b.ids),
		moreBefore: a.moreBefore,
		moreAfter: inside >= (last ?? "") ? b.moreAfter : a.moreAfter,
	};
}

const begin = (stretch: Stretch) => stretch.ids[0] ?? "";
