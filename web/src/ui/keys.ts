/**
 * Shortcuts as text: `Mod+K`, `Alt+Shift+ArrowUp`, `?`, `+`, `Mod++`, `Esc`. `Mod` is ⌘ on Apple's
 * systems, Ctrl elsewhere. How they are read, matched, shown and told to a screen reader is here.
 */

const APPLE = /Mac|iPhone|iPad|iPod/;

/** Whether this device has Apple's keys. */
export function onApple(): boolean {
	return typeof navigator !== "undefined" && APPLE.test(navigator.platform || navigator.userAgent);
}

/** The keys of a shortcut, the one that is pressed last at the end. `+` is a key, too. */
export const keysOf = (shortcut: string): string[] => shortcut.split(/\+(?!$)/);

/** The names of keys that are written as a sign everywhere. */
const SIGNS: Record<string, string> = {
	ArrowUp: "↑",
	ArrowDown: "↓",
	ArrowLeft: "←",
	ArrowRight: "→",
};

const APPLE_SIGNS: Record<string, string> = {
	Mod: "⌘",
	Alt: "⌥",
	Shift: "⇧",
	Ctrl: "⌃",
	Enter: "↩",
	Delete: "⌦",
};

const NAMED = ["Ctrl", "Alt", "Shift", "Enter", "Esc", "Tab", "Space", "Delete"] as const;

/** Keys whose names differ from language to language: the message `key.…` says it. */
export type NamedKey = (typeof NAMED)[number];

/** What stands on one key. `name` finds the word in the person's language. */
export function keyCap(key: string, apple: boolean, name: (key: NamedKey) => string): string {
	const sign = (apple ? APPLE_SIGNS[key] : undefined) ?? SIGNS[key];
	if (sign) return sign;
	const plain = key === "Mod" ? "Ctrl" : key;
	const named = NAMED.find((it) => it === plain);
	if (named) return name(named);
	return plain.length === 1 ? plain.toUpperCase() : plain;
}

/** The same, as `aria-keyshortcuts` wants it: `+` stands between keys there, and is `Plus` itself. */
export function ariaShortcut(shortcut: string): string {
	return keysOf(shortcut)
		.map((key) => (key === "Mod" ? (onApple() ? "Meta" : "Control") : (ARIA[key] ?? key)))
		.join("+");
}

const ARIA: Record<string, string> = { Ctrl: "Control", Esc: "Escape", "+": "Plus" };

interface Chord {
	key: string;
	mod: boolean;
	alt: boolean;
	shift: boolean;
}

function parse(shortcut: string): Chord {
	const keys = keysOf(shortcut);
	const key = keys.pop() ?? "";
	return {
		key: key === "Esc" ? "escape" : key.toLowerCase(),
		mod: keys.includes("Mod"),
		alt: keys.includes("Alt"),
		shift: keys.includes("Shift"),
	};
}

/** Signs that have a key of their own on keyboards whose letters are not Latin. */
const PLACES: Record<string, string> = { Comma: ",", Period: "." };

/** What another alphabet writes for a sign. */
const SAME: Record<string, string> = { "؟": "?", "＋": "+" };

/** The key's letter; on a keyboard with other letters, the one that stands there in Latin. */
function letter({ key, code, altKey }: KeyboardEvent): string {
	const latin = key.length > 1 || /^[\x20-\x7e]$/.test(key);
	if (latin && !altKey) return key.toLowerCase();
	const place = /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? PLACES[code];
	return (SAME[key] ?? place ?? key).toLowerCase();
}

/** Whether these keys were pressed, and no others with them. */
export function matches(shortcut: string, event: KeyboardEvent, apple = onApple()): boolean {
	const chord = parse(shortcut);
	const mod = apple ? event.metaKey : event.ctrlKey;
	const other = apple ? event.ctrlKey : event.metaKey;
	if (mod !== chord.mod || event.altKey !== chord.alt || other) return false;
	if (letter(event) !== chord.key) return false;
	// A sign such as "?" or "+" needs Shift on some keyboards and not on others.
	const sign = chord.key.length === 1 && !/[a-z0-9]/.test(chord.key);
	return sign || event.shiftKey === chord.shift;
}

/** Whether the keys write something where the focus is. */
export function writes(shortcut: string): boolean {
	const { key, mod, alt } = parse(shortcut);
	return key.length === 1 && !mod && !alt;
}
