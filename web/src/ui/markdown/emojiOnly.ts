/** Up to this many are shown larger. */
const MOST = 3;

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3)/u;
/** Signs that are pictures only when they are asked to be: ©, ™, ↔. */
const PLAIN = /^[\u00A9\u00AE\u203C-\u3299]$/u;

/** Whether a text is one, two or three emoji and nothing else. */
export function emojiOnly(text: string): boolean {
	const bare = text.replace(/\s+/gu, "");
	// A family with skin tones has 41 bytes; more than three of those are no three emoji.
	if (bare === "" || bare.length > 90) return false;
	const segments = [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(bare)];
	return (
		segments.length <= MOST &&
		segments.every((it) => EMOJI.test(it.segment) && !PLAIN.test(it.segment))
	);
}
