import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string) => readFileSync(`${process.cwd()}/src/ui/${name}`, "utf8");
const tokens = read("tokens.css");

type Colour = [number, number, number];

function rgb(hex: string): Colour {
	const at = (from: number) => Number.parseInt(hex.slice(from, from + 2), 16) / 255;
	return [at(1), at(3), at(5)];
}

/** Relative luminance, as WCAG 2.2 defines it. */
function luminance(hex: string): number {
	const [r, g, b] = rgb(hex).map((it) =>
		it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4,
	) as Colour;
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
	const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
	return (light + 0.05) / (dark + 0.05);
}

function token(name: string, theme: "light" | "dark"): string {
	const [, light, dark] =
		new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\);`).exec(tokens) ?? [];
	const value = theme === "light" ? light : dark;
	if (!value) throw new Error(`no token --${name}`);
	return value;
}

const SURFACES = ["bg", "panel", "raised", "hover", "code", "own", "highlight", "selected"];
const TEXTS = ["ink", "ink-2", "accent", "accent-strong", "violet", "danger", "warn", "ok"];

for (const theme of ["light", "dark"] as const) {
	const on = (text: string, surface: string) => contrast(token(text, theme), token(surface, theme));

	test.each(TEXTS.flatMap((text) => ["bg", "panel", "raised"].map((it) => [text, it])))(
		`${theme}: %s on %s has at least 5.1 : 1`,
		(text = "", surface = "") => {
			expect(on(text, surface)).toBeGreaterThanOrEqual(5.1);
		},
	);

	test.each(TEXTS.flatMap((text) => SURFACES.map((it) => [text, it])))(
		`${theme}: %s on %s has at least 4.5 : 1`,
		(text = "", surface = "") => {
			expect(on(text, surface)).toBeGreaterThanOrEqual(4.5);
		},
	);

	test.each([
		["on-accent", "accent"],
		["on-accent", "accent-strong"],
		["on-danger", "danger"],
		["on-danger", "danger-strong"],
	])(`${theme}: %s on %s has at least 4.5 : 1`, (text, surface) => {
		expect(on(text, surface)).toBeGreaterThanOrEqual(4.5);
	});

	test.each(
		["edge", "accent", "indigo", "violet", "danger", "warn", "ok", "ink-2"].flatMap((it) =>
			SURFACES.map((surface) => [it, surface]),
		),
	)(`${theme}: an edge or a shape in %s on %s has at least 3 : 1`, (shape = "", surface = "") => {
		expect(on(shape, surface)).toBeGreaterThanOrEqual(3);
	});
}

test("initials are white on each of ten hues with at least 4.5 : 1", () => {
	const hues = [...read("Avatar.module.css").matchAll(/\.hue\d \{\s*background: (#\w{6})/g)];
	expect(hues.length).toBe(10);
	for (const [, hue = ""] of hues) expect(contrast("#ffffff", hue)).toBeGreaterThanOrEqual(4.5);
});
