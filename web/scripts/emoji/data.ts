// The emoji of the picker in one language, in the shape that the picker reads. Names and search
// words come from emojibase-data; the Arabic ones, which it lacks, from Unicode's CLDR (ar.json).
import { readFile } from "node:fs/promises";
import type { EmojiData } from "frimousse";

/** Newer ones would be empty boxes on devices that are three years old. */
const NEWEST = 15;

/** Skin tones and hair by themselves. */
const COMPONENTS = 2;

const TONES = ["light", "medium-light", "medium", "medium-dark", "dark"] as const;

interface Source {
	emoji: string;
	label: string;
	group?: number;
	order?: number;
	version: number;
	tags?: string[];
	skins?: { emoji: string; tone: number | number[] }[];
}

interface Named {
	key: string;
	order: number;
	message: string;
}

interface Messages {
	groups: Named[];
	skinTones: Named[];
}

/** Names and search words by emoji, without variation selectors. */
interface Translation {
	emojis: Record<string, [label: string, tags: string[]]>;
	categories: Record<string, string>;
	skinTones: Record<string, string>;
}

const data = new URL("../../node_modules/emojibase-data/", import.meta.url);

async function json<T>(name: string, from = data): Promise<T> {
	return JSON.parse(await readFile(new URL(name, from), "utf8"));
}

function skinsOf(skins: Source["skins"]) {
	const plain = (skins ?? []).flatMap((it) => {
		const tone = typeof it.tone === "number" ? TONES[it.tone - 1] : undefined;
		return tone ? [[tone, it.emoji]] : [];
	});
	return plain.length > 0 ? { skins: Object.fromEntries(plain) } : {};
}

/** What the picker shows in this language. */
export async function emojiData(language: string): Promise<EmojiData> {
	const own =
		language === "ar" ? await json<Translation>("ar.json", new URL(import.meta.url)) : null;
	const source = own ? "en" : language;
	const all = await json<Source[]>(`${source}/data.json`);
	const messages = await json<Messages>(`${source}/messages.json`);
	return {
		locale: language,
		emojis: all
			.filter((it) => it.group !== undefined && it.group !== COMPONENTS && it.version <= NEWEST)
			.sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
			.map((it) => {
				const named = own?.emojis[it.emoji.replaceAll("\uFE0F", "")];
				return {
					emoji: it.emoji,
					category: it.group ?? 0,
					label: named?.[0] ?? it.label,
					version: it.version,
					tags: named?.[1] ?? it.tags ?? [],
					...skinsOf(it.skins),
				};
			}),
		categories: messages.groups
			.filter((it) => it.order !== COMPONENTS)
			.map((it) => ({ index: it.order, label: own?.categories[it.key] ?? it.message })),
		skinTones: Object.fromEntries(
			messages.skinTones.map((it) => [it.key, own?.skinTones[it.key] ?? it.message]),
		) as EmojiData["skinTones"],
	};
}
