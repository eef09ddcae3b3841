import { expect, test } from "vitest";
import { check, unused } from "../../../scripts/messages.mjs";

test("a translation has the keys of the English messages, and no others", () => {
	expect(check("de/x", "de", { a: "A", b: { c: "C" } }, { a: "A", d: "D" })).toEqual([
		"de/x: b.c is missing",
		"de/x: d is superfluous",
	]);
});

test("a number needs each plural form of the language", () => {
	const english = { n_one: "{{count}} room", n_other: "{{count}} rooms" };
	expect(check("de/x", "de", english, { n_one: "ein Raum", n_other: "{{count}} Räume" })).toEqual(
		[],
	);
	expect(check("fr/x", "fr", english, { n_one: "{{count}} a", n_other: "{{count}} b" })).toEqual([
		"fr/x: n: many is missing",
	]);
	expect(check("ar/x", "ar", english, { n_other: "{{count}}" }).sort()).toEqual(
		["few", "many", "one", "two", "zero"].map((it) => `ar/x: n: ${it} is missing`),
	);
	expect(check("de/x", "de", english, { n: "{{count}}" })).toContain("de/x: n: other is missing");
});

test("a translation has the placeholders of the English message", () => {
	expect(
		check("de/x", "de", { a: "{{name}} in <b>{{room}}</b>" }, { a: "{{nam}} in {{room}}" }),
	).toEqual([
		"de/x: a: {{name}} is missing",
		"de/x: a: <b> is missing",
		"de/x: a: </b> is missing",
		"de/x: a: {{nam}} is superfluous",
	]);
});

test("a message says something", () => {
	expect(check("de/x", "de", { a: "A" }, { a: " " })).toEqual(["de/x: a is empty"]);
});

test("a key is used by its name, by its namespace, or by how it begins", () => {
	const english = { a: "A", b: { c: "C", d: "D" }, n_one: "", n_other: "", lost: "L" };
	const code = 't("a"); t("n", { count }); t(`b.${it}`);';
	expect(unused("x", english, code)).toEqual(["x: lost is used nowhere"]);
	expect(unused("x", { a: "A" }, 't("x:a")')).toEqual([]);
	expect(unused("x", { a: "A" }, "t(`x:${code}`)")).toEqual([]);
	expect(unused("x", { a: "A" }, "`${anything}` and `y:${code}`")).toHaveLength(1);
});
