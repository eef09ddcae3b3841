/** Which conversation comes before or after one in the list. Pure. */

/** `step` is 1 or -1; beyond the end it begins anew. Only those that `ok` holds for. */
export function neighbour<T>(
	list: readonly T[],
	here: (it: T) => boolean,
	step: 1 | -1,
	ok: (it: T) => boolean = () => true,
): T | null {
	const { length } = list;
	const at = list.findIndex(here);
	const from = at === -1 && step === -1 ? 0 : at;
	for (let n = 1; n <= length; n++) {
		const candidate = list[(from + step * n + length * 2) % length];
		if (candidate !== undefined && !here(candidate) && ok(candidate)) return candidate;
	}
	return null;
}
