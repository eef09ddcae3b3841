import { describe, expect, test } from "vitest";
import { matches, writes } from "../../../src/features/shortcuts/keys";

const pressed = (key: string, init: KeyboardEventInit = {}) =>
	new KeyboardEvent("keydown", { key, ...init });

describe("keys", () => {
	test("Mod is Ctrl, and ⌘ on Apple's systems", () => {
		expect(matches("Mod+K", pressed("k", { ctrlKey: true }), false)).toBe(true);
		expect(matches("Mod+K", pressed("k", { metaKey: true }), false)).toBe(false);
		expect(matches("Mod+K", pressed("k", { metaKey: true }), true)).toBe(true);
	});

	test("more keys than named are another shortcut", () => {
		expect(matches("Mod+K", pressed("K", { ctrlKey: true, shiftKey: true }), false)).toBe(false);
		const up = { altKey: true, shiftKey: true };
		expect(matches("Alt+ArrowUp", pressed("ArrowUp", up), false)).toBe(false);
		expect(matches("Alt+Shift+ArrowUp", pressed("ArrowUp", up), false)).toBe(true);
	});

	test("on an Arabic keyboard the key's place counts", () => {
		const arabic = pressed("ن", { code: "KeyK", ctrlKey: true });
		expect(matches("Mod+K", arabic, false)).toBe(true);
	});

	test("a sign may need Shift or not", () => {
		expect(matches("?", pressed("?", { shiftKey: true }), false)).toBe(true);
		expect(matches("?", pressed("?"), false)).toBe(true);
	});

	test("what writes is left to text fields", () => {
		expect(writes("?")).toBe(true);
		expect(writes("R")).toBe(true);
		expect(writes("Mod+K")).toBe(false);
		expect(writes("Esc")).toBe(false);
	});
});
