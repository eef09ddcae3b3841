/** What makes one list of keys into another: what stands between their common beginning and end. */
export interface Change {
	start: number;
	removed: number;
	added: number;
}

/**
 * One stretch that holds all that changed, or `null`. Lists of messages change at an end, or in one
 * place; for whatever else happens, one larger stretch is right as well.
 */
export function change(
	before: { count: number; keyAt: (index: number) => string },
	after: { count: number; keyAt: (index: number) => string },
): Change | null {
	const shorter = Math.min(before.count, after.count);
	let start = 0;
	while (start < shorter && before.keyAt(start) === after.keyAt(start)) start++;
	if (start === before.count && start === after.count) return null;
	let end = 0;
	while (
		end < shorter - start &&
		before.keyAt(before.count - 1 - end) === after.keyAt(after.count - 1 - end)
	) {
		end++;
	}
	return { start, removed: before.count - start - end, added: after.count - start - end };
}
