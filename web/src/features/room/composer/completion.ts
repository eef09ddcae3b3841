/** What is being completed in the composer: `@no` or `:smi`. Pure. */

import type { User } from "../../../protocol";

export interface Asked {
	kind: "mention" | "emoji";
	/** Without its sign. */
	query: string;
	/** Where the sign stands, and where the word ends. */
	from: number;
	to: number;
}

const MENTION = /(?:^|[\s([{"'«„“])@([\p{L}\p{N}_.-]{0,32})$/u;
/** Two letters at least: ":p" and "10:30" are no emoji. */
const EMOJI = /(?:^|[^\p{L}\p{N}:]):([a-z0-9_+-]{2,32})$/iu;
const WHOLE_EMOJI = /(?:^|[^\p{L}\p{N}:]):([a-z0-9_+-]{1,32}):$/iu;

/** What the word before the caret asks for. */
export function askedAt(text: string, caret: number): Asked | null {
	const before = text.slice(0, caret);
	const mention = MENTION.exec(before)?.[1];
	if (mention !== undefined) {
		return { kind: "mention", query: mention, from: caret - mention.length - 1, to: caret };
	}
	const emoji = EMOJI.exec(before)?.[1];
	if (emoji !== undefined) {
		return { kind: "emoji", query: emoji, from: caret - emoji.length - 1, to: caret };
	}
	return null;
}

/** A whole `:name:` that ends at the caret. */
export function wholeEmojiAt(text: string, caret: number): Asked | null {
	const name = WHOLE_EMOJI.exec(text.slice(0, caret))?.[1];
	if (name === undefined) return null;
	return { kind: "emoji", query: name, from: caret - name.length - 2, to: caret };
}

/** The text with the word replaced, and where the caret is then. */
export function complete(
	text: string,
	{ from, to }: Pick<Asked, "from" | "to">,
	word: string,
): { text: string; caret: number } {
	const rest = text.slice(to);
	const space = rest.startsWith(" ") ? "" : " ";
	return { text: text.slice(0, from) + word + space + rest, caret: from + word.length + 1 };
}

const MOST = 6;

/** People whose name or username begins like this, or a word of the name; the best first. */
export function rankPeople(people: readonly User[], query: string): User[] {
	const wanted = fold(query);
	const rank = (it: User) => {
		const username = fold(it.username);
		const name = fold(it.display_name);
		if (username.startsWith(wanted)) return 0;
		if (name.startsWith(wanted)) return 1;
		return name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 2 : 3;
	};
	return people
		.map((it) => ({ it, rank: rank(it) }))
		.filter((found) => found.rank < 3)
		.sort((a, b) => a.rank - b.rank || a.it.username.localeCompare(b.it.username))
		.slice(0, MOST)
		.map((found) => found.it);
}

/** Without the case and the accents. */
const fold = (text: string) =>
	text
		.normalize("NFD")
		.replace(/\p{Mark}/gu, "")
		.toLowerCase();
