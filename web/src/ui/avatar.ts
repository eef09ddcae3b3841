/** What an avatar shows for somebody who has no picture. */

/** How many hues there are; `Avatar.module.css` has a class for each. */
export const HUES = 10;

/** Always the same hue for the same id (FNV-1a). */
export function hueOf(id: string): number {
	let hash = 0x811c9dc5;
	for (let at = 0; at < id.length; at++) {
		hash ^= id.charCodeAt(at);
		hash = Math.imul(hash, 0x01000193);
	}
	return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;
const LETTER = /[\p{L}\p{N}]/u;
/** Letters of these join or stand for a whole syllable: one is enough. */
const ONE_IS_ENOUGH =
	/[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Devanagari}]/u;

const graphemes = (text: string): string[] =>
	[...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)].map(
		(it) => it.segment,
	);

/** One or two signs for a name: of the first and the last word, or of the only one. */
export function initials(name: string, most: 1 | 2 = 2): string {
	const words = name
		.split(/[\s,;/|]+/u)
		.map((word) => graphemes(word).filter((it) => LETTER.test(it) || EMOJI.test(it)))
		.filter((word) => word.length > 0);
	const first = words[0];
	const one = first?.[0];
	if (!first || !one) return "?";
	if (EMOJI.test(one)) return one;
	const last = words.slice(1).findLast((word) => word.some((it) => LETTER.test(it)));
	const two = last ? last.find((it) => LETTER.test(it)) : first[1];
	const few = most === 1 || !two || !LETTER.test(two) || ONE_IS_ENOUGH.test(one);
	return few ? capital(one) : capital(one) + capital(two);
}

/** The capital, unless that takes more room: that of `ß` would be two. */
function capital(sign: string): string {
	const upper = sign.toUpperCase();
	return graphemes(upper).length === 1 ? upper : sign;
}
