/** Emoji by their short names (`:tada:`), as many chats know them. Loaded when one is first asked for. */

export interface NamedEmoji {
	emoji: string;
	name: string;
}

let loaded: Promise<readonly NamedEmoji[]> | null = null;

export function emojiNames(): Promise<readonly NamedEmoji[]> {
	loaded ??= import("emojibase-data/en/shortcodes/github.json").then(
		(file) => Object.entries(file.default).flatMap(([code, names]) => named(code, names)),
		(error) => {
			// The network may be back the next time.
			loaded = null;
			throw error;
		},
	);
	return loaded;
}

function named(code: string, names: string | string[]): NamedEmoji[] {
	const points = code.split("-").map((it) => Number.parseInt(it, 16));
	let emoji = String.fromCodePoint(...points);
	// A heart or a sun alone is a letter; it is asked to be a picture.
	if (!/\p{Emoji_Presentation}|\u200d|\ufe0f|\p{Regional_Indicator}/u.test(emoji)) {
		emoji = `${emoji}\ufe0f`;
	}
	return [names].flat().map((name) => ({ emoji, name }));
}

const MOST = 6;

/** Those whose names begin like this, then those that hold it; the shortest names first. */
export function rankEmoji(all: readonly NamedEmoji[], query: string): NamedEmoji[] {
	const wanted = query.toLowerCase();
	const seen = new Set<string>();
	return all
		.filter((it) => it.name.includes(wanted))
		.sort(
			(a, b) =>
				Number(b.name.startsWith(wanted)) - Number(a.name.startsWith(wanted)) ||
				a.name.length - b.name.length,
		)
		.filter(({ emoji }) => !seen.has(emoji) && seen.add(emoji))
		.slice(0, MOST);
}
