/** How long a message may be: what the server allows, counted as it counts. */

export const MAX_CHARS = 4_000;
export const MAX_BYTES = 16_000;
/** From here on the number of characters that are left is shown. */
export const NEAR = 400;

export interface Length {
	/** Characters that are left; less than 0 beyond the limit. */
	left: number;
	near: boolean;
	fits: boolean;
	/** Nothing but white space. */
	blank: boolean;
}

export function lengthOf(text: string): Length {
	const blank = text.trim() === "";
	// A character has one or two UTF-16 units, and at most four bytes: short texts need no counting.
	if (text.length <= MAX_CHARS - NEAR) {
		return { left: MAX_CHARS - text.length, near: false, fits: true, blank };
	}
	let chars = 0;
	for (const _ of text) chars += 1;
	const left = MAX_CHARS - chars;
	const bytes = new TextEncoder().encode(text).length;
	return { left, near: left < NEAR, fits: left >= 0 && bytes <= MAX_BYTES, blank };
}

/** The text without what no server takes: NUL, and halves of characters. */
export function sendable(text: string): string {
	return text.replaceAll("\0", "").replace(/\p{Surrogate}/gu, "\uFFFD");
}
