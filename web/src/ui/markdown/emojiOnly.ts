/** Up to this many are shown larger. */
const MOST = 3;

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3)/u;
/** Signs that are pictures only when they are asked to be: ©, ™, ↔. */
const PLAIN = /^[\u00A9\u00AE\u203C-\u3299]$/u;

/** What no emoji has: most texts are told by their first letter. */
const LETTER = /\p{L}/u;

let graphemes: Intl.Segmenter | undefined;

/** Whether a text is one, two or three emoji and nothing else. */
export function emojiOnly(text: string): boolean {
	if (LETTER.test(text)) return false;
	const bare = text.replace(/\s+/gu, "");
	// A family with skin tones has 41 bytes; more than three of those are no three emoji.
	if (bare === "" || bare.length > 90) return false;
	graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
	const segments = [...graphemes.segment(bare)];
	return (
		segments.length <= MOST &&
		segments.every((it) => EMOJI.test(it.segment) && !PLAIN.test(it.segment))
	);
}
