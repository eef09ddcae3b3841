/** Finds by words: each word that is asked for begins, or is in, a word that is there. Pure. */

/** Without case and without marks: `Ñandú` is found by `nandu`. */
export const fold = (text: string) =>
	text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

const words = (text: string) => text.split(/[^\p{L}\p{N}\p{Extended_Pictographic}]+/u);

/** How well the text fits, from 0 to 1; `null`: it does not. */
export function fit(query: string, text: string): number | null {
	const asked = fold(query).trim();
	if (asked === "") return 0;
	const there = fold(text);
	if (there === asked) return 1;
	let sum = 0;
	const parts = asked.split(/\s+/);
	for (const part of parts) {
		const bare = part.replace(/^[#@]/, "");
		if (words(there)[0]?.startsWith(bare)) sum += 0.9;
		else if (words(there).some((word) => word.startsWith(bare))) sum += 0.7;
		else if (bare.length > 1 && there.includes(bare)) sum += 0.4;
		else return null;
	}
	return sum / parts.length;
}

/** Those that fit, best first; those that fit equally keep their order. */
export function rank<T>(query: string, items: readonly T[], text: (it: T) => string): T[] {
	return items
		.map((it) => ({ it, fit: fit(query, text(it)) }))
		.filter((entry): entry is { it: T; fit: number } => entry.fit !== null)
		.sort((a, b) => b.fit - a.fit)
		.map((entry) => entry.it);
}
