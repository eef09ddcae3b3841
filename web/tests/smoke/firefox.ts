/** Firefox, over WebDriver BiDi. */

import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import type { Browser } from "./browser";

const PLACES = [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];

export const firefoxPath = () => PLACES.find((it) => it && existsSync(it));

export async function firefox(): Promise<Browser> {
	const inner = await puppeteer.launch({
		browser: "firefox",
		executablePath: firefoxPath() ?? "",
		headless: true,
		extraPrefsFirefox: { "intl.accept_languages": "en-GB", "intl.locale.requested": "en-GB" },
	});
	const page = await inner.newPage();
	const problems: string[] = [];
	page.on("pageerror", (error) => {
		// It reports a server that is away like an error of the page.
		if (!/connection to the server at ws:|connection to ws:/.test(String(error))) {
			problems.push(String(error));
		}
	});
	page.on("console", (it) => {
		if (/Content-Security-Policy|Trusted Type/i.test(it.text())) problems.push(it.text());
	});
	return {
		problems,
		open: async (url) => void (await page.goto(url)),
		run: (work, argument = "") => page.evaluate(work, argument) as never,
		click: async (selector) => {
			await page.waitForSelector(selector, { visible: true });
			await page.click(selector);
		},
		type: async (selector, text) => {
			await page.waitForSelector(selector, { visible: true });
			await page.type(selector, text);
		},
		enter: async (selector) => {
			await page.focus(selector);
			await page.keyboard.press("Enter");
		},
		close: () => inner.close(),
	};
}
