// Makes the application's icons in public/ of the mark's outlines, with a local Chromium:
// CHROMIUM=/path/to/chromium node scripts/icons.mjs
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";

const outlines = await readFile(new URL("../src/ui/bird.ts", import.meta.url), "utf8");
const path = (name) => new RegExp(`${name} =\\s*"([^"]+)"`).exec(outlines)[1];
const target = (name) => fileURLToPath(new URL(`../public/${name}`, import.meta.url));

const SHEEN = `<linearGradient id="s" x1="3" y1="25" x2="29" y2="6" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="#0b6e6e"/><stop offset=".5" stop-color="#3547a5"/><stop offset="1" stop-color="#5b3fa8"/></linearGradient>`;
const GLOSS = `<linearGradient id="s" x1="0" y1="32" x2="32" y2="0" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="#0b6e6e"/><stop offset=".55" stop-color="#3547a5"/><stop offset="1" stop-color="#5b3fa8"/></linearGradient>`;

const svg = (body) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${body}</svg>\n`;

const bird = (fill, ground, shade) =>
	`<path d="${path("BIRD")}" fill="${fill}"/><path d="${path("WING")}" fill="${ground}" opacity="${shade}"/><path d="${path("EYE")}" fill="${ground}"/>`;

/** The bird alone, for a browser's tab; with a dot where something is unread. */
const tab = svg(`<defs>${SHEEN}</defs>${bird("url(#s)", "#fff", 0.28)}`);
const unread = svg(
	`<defs>${SHEEN}</defs>${bird("url(#s)", "#fff", 0.28)}<circle cx="25" cy="25" r="6.5" fill="#b3261e" stroke="#fff" stroke-width="1.5"/>`,
);

/** The bird in white on its sheen; `share` is how much of the side it takes. */
const tile = (share, radius) => {
	const move = (32 * (1 - share)) / 2;
	return svg(
		`<defs>${GLOSS}</defs><rect width="32" height="32" rx="${radius}" fill="url(#s)"/><g transform="translate(${move} ${move}) scale(${share})">${bird("#fff", "#3547a5", 0.3)}</g>`,
	);
};

await writeFile(target("icon.svg"), tab);
await writeFile(target("icon-unread.svg"), unread);

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu"],
});
for (const [name, side, picture] of [
	["icon-192.png", 192, tile(0.72, 7)],
	["icon-512.png", 512, tile(0.72, 7)],
	["icon-maskable-512.png", 512, tile(0.6, 0)],
	["apple-touch-icon.png", 180, tile(0.68, 0)],
]) {
	const page = await browser.newPage({ viewport: { width: side, height: side } });
	const address = `data:image/svg+xml;base64,${Buffer.from(picture).toString("base64")}`;
	await page.setContent(
		`<style>*{margin:0}img{display:block;inline-size:100vw}</style><img src="${address}">`,
	);
	await page.screenshot({ path: target(name), omitBackground: true });
	await page.close();
}
await browser.close();
