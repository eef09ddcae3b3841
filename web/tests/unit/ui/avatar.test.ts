import fc from "fast-check";
import { expect, test } from "vitest";
import { HUES, hueOf, initials } from "../../../src/ui/avatar";

test.each([
	["Nora", "NO"],
	["Ines Pereira", "IP"],
	["ada b. lovelace", "AL"],
	["Lena, Marek", "LM"],
	["O’Brien", "OB"],
	["张伟", "张"],
	["فاطمة الزهراء", "ف"],
	["👩‍👩‍👧 family", "👩‍👩‍👧"],
	["🇪🇸", "🇪🇸"],
	["Fox 🦊", "FO"],
	["ßtefan", "ßT"],
	["e\u0301mile", "E\u0301M"],
	["x", "X"],
	["__", "?"],
	["", "?"],
])("%s has the initials %s", (name, expected) => {
	expect(initials(name)).toBe(expected);
});

test("a small square has one sign", () => {
	expect(initials("Ines Pereira", 1)).toBe("I");
});

test("any name has one or two graphemes", () => {
	fc.assert(
		fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (name) => {
			const segments = new Intl.Segmenter().segment(initials(name));
			expect([1, 2]).toContain([...segments].length);
		}),
	);
});

test("a hue belongs to the id, and all of them are used about as often", () => {
	const counts = new Array<number>(HUES).fill(0);
	for (let id = 0; id < 10_000; id++) {
		const hue = hueOf(`0192f0c1-7b7a-7000-8000-${String(id).padStart(12, "0")}`);
		counts[hue] = (counts[hue] ?? 0) + 1;
	}
	expect(Math.min(...counts)).toBeGreaterThan(800);
	expect(Math.max(...counts)).toBeLessThan(1_200);
	expect(hueOf("ada")).toBe(hueOf("ada"));
});
