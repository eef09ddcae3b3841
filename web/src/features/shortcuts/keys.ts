/** Keys as text: `Mod+K`, `Alt+Shift+ArrowUp`, `?`, `Esc`. `Mod` is ⌘ on Apple's systems, Ctrl elsewhere. */

export const isApple = () =>
	/mac|iphone|ipad/i.test(typeof navigator === "undefined" ? "" : navigator.platform);

interface Chord {
	key: string;
	mod: boolean;
	alt: boolean;
	shift: boolean;
}

function parse(keys: string): Chord {
	const parts = keys.split("+");
	const key = parts.pop() ?? "";
	return {
		key: key === "Esc" ? "escape" : key.toLowerCase(),
		mod: parts.includes("Mod"),
		alt: parts.includes("Alt"),
		shift: parts.includes("Shift"),
	};
}

/** The key's letter; on a keyboard with other letters, the one that stands there in Latin. */
function letter(event: KeyboardEvent): string {
	const latin = event.key.length > 1 || /^[\x20-\x7e]$/.test(event.key);
	const place = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
	return (latin && !event.altKey ? event.key : (place ?? event.key)).toLowerCase();
}

/** Whether these keys were pressed, and no others with them. */
export function matches(keys: string, event: KeyboardEvent, apple = isApple()): boolean {
	const chord = parse(keys);
	const mod = apple ? event.metaKey : event.ctrlKey;
	const other = apple ? event.ctrlKey : event.metaKey;
	if (mod !== chord.mod || event.altKey !== chord.alt || other) return false;
	if (letter(event) !== chord.key) return false;
	// A sign such as "?" needs Shift on some keyboards and not on others.
	const sign = chord.key.length === 1 && !/[a-z0-9]/.test(chord.key);
	return sign || event.shiftKey === chord.shift;
}

/** Whether the keys write something where the focus is. */
export const writes = (keys: string): boolean => {
	const { key, mod, alt } = parse(keys);
	return key.length === 1 && !mod && !alt;
};
