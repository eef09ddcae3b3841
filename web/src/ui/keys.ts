/** How shortcuts are written: `Mod+Shift+K`. `Mod` is ⌘ on Apple's systems, Ctrl elsewhere. */

const APPLE = /Mac|iPhone|iPad|iPod/;

/** Whether this device has Apple's keys. */
export function onApple(): boolean {
	return typeof navigator !== "undefined" && APPLE.test(navigator.platform || navigator.userAgent);
}

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
};

/** Keys whose names differ from language to language: the message `key.…` says it. */
export type NamedKey = "Ctrl" | "Alt" | "Shift" | "Enter" | "Esc" | "Tab" | "Space";

const NAMED: ReadonlySet<string> = new Set([
	"Ctrl",
	"Alt",
	"Shift",
	"Enter",
	"Esc",
	"Tab",
	"Space",
]);

/** What stands on one key. `name` finds the word in the person's language. */
export function keyCap(key: string, apple: boolean, name: (key: NamedKey) => string): string {
	const sign = (apple ? APPLE_SIGNS[key] : undefined) ?? SIGNS[key];
	if (sign) return sign;
	const plain = key === "Mod" ? "Ctrl" : key;
	if (isNamed(plain)) return name(plain);
	return plain.length === 1 ? plain.toUpperCase() : plain;
}

function isNamed(key: string): key is NamedKey {
	return NAMED.has(key);
}

/** The same, as `aria-keyshortcuts` wants it. */
export function ariaShortcut(shortcut: string): string {
	return shortcut
		.split("+")
		.map((key) => (key === "Mod" ? (onApple() ? "Meta" : "Control") : (ARIA[key] ?? key)))
		.join("+");
}

const ARIA: Record<string, string> = { Ctrl: "Control", Esc: "Escape" };
