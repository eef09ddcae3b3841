/** The emoji that were picked last on this device. */

const KEY = "starling.emoji";
const MOST = 12;
/** What is offered before anything was picked. */
const FIRST = ["👍", "❤️", "😂", "🎉", "👀", "✅"];

function picked(): string[] {
	try {
		const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
		return Array.isArray(kept) ? kept.filter((it) => typeof it === "string") : [];
	} catch {
		return [];
	}
}

/** This many, those that were picked last first. */
export function recentEmoji(count: number): string[] {
	return [...new Set([...picked(), ...FIRST])].slice(0, count);
}

export function rememberEmoji(emoji: string): void {
	try {
		const next = [emoji, ...picked().filter((it) => it !== emoji)].slice(0, MOST);
		localStorage.setItem(KEY, JSON.stringify(next));
	} catch {
		// Nothing is kept on this device; the first ones are offered again.
	}
}
