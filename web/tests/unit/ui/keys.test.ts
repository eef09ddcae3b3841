import { describe, expect, test } from "vitest";
import { matches, writes } from "../../../src/ui/keys";

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

	test("plus is a key with Shift on a US keyboard, without it on a German one and on a number pad", () => {
		expect(matches("+", pressed("+", { code: "Equal", shiftKey: true }), false)).toBe(true);
		expect(matches("+", pressed("+", { code: "BracketRight" }), false)).toBe(true);
		expect(matches("+", pressed("+", { code: "NumpadAdd" }), false)).toBe(true);
		expect(matches("+", pressed("=", { code: "Equal" }), false)).toBe(false);
		expect(matches("+", pressed("+", { ctrlKey: true }), false)).toBe(false);
		expect(matches("Mod++", pressed("+", { ctrlKey: true }), false)).toBe(true);
		expect(writes("+")).toBe(true);
		expect(writes("Mod++")).toBe(false);
	});

	test("signs are found on a keyboard with other letters", () => {
		const comma = pressed("و", { code: "Comma", ctrlKey: true });
		expect(matches("Mod+,", comma, false)).toBe(true);
		expect(matches("?", pressed("؟", { code: "Slash", shiftKey: true }), false)).toBe(true);
		expect(matches("R", pressed("ق", { code: "KeyR" }), false)).toBe(true);
	});

	test("what writes is left to text fields", () => {
		expect(writes("?")).toBe(true);
		expect(writes("R")).toBe(true);
		expect(writes("Mod+K")).toBe(false);
		expect(writes("Esc")).toBe(false);
	});
});
