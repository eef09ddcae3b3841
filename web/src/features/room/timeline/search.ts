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
