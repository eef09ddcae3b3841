/**
 * How long it takes until one can type, on a slow phone with a slow network: `npm run measure` in `web/`.
 * Fails where the script that is needed by then is too heavy.
 */

import { cpus, loadavg } from "node:os";
import type { BrowserContext, Page } from "@playwright/test";
import { Account, PASSWORD } from "../e2e/support/account";
import { Server } from "../e2e/support/server";
import { expect, test } from "../e2e/support/test";

/** Compressed bytes of script that the first page may need. */
const MOST_SCRIPT = 200_000;
const RUNS = 5;

/** Slow 4G, and a processor that is four times slower than this one. */
const NETWORK = {
	offline: false,
	latency: 150,
	downloadThroughput: 1_600_000 / 8,
	uploadThroughput: 750_000 / 8,
};
const SLOWER = 4;

const kb = (bytes: number) => `${(bytes / 1_000).toFixed(1).padStart(7)} kB`;
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1] ?? 0;

/** Notes when there is something to type into, in ms since the page was asked for. */
async function noteUsable(context: BrowserContext, selector: string): Promise<void> {
	await context.addInitScript((wanted) => {
		const look = () => {
			const field = document.querySelector<HTMLInputElement>(wanted);
			if (!field || field.disabled || field.getBoundingClientRect().height === 0) {
				requestAnimationFrame(look);
				return;
			}
			Object.assign(window, { usable: performance.now() });
		};
		requestAnimationFrame(look);
	}, selector);
}

async function slowDown(page: Page): Promise<void> {
	const session = await page.context().newCDPSession(page);
	await session.send("Network.enable");
	await session.send("Network.emulateNetworkConditions", NETWORK);
	await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
}

const usable = async (page: Page) => {
	await page.waitForFunction(() => "usable" in window, undefined, { timeout: 60_000 });
	return page.evaluate(() => (window as unknown as { usable: number }).usable);
};

/** Compressed bytes of the scripts that had come when one could type; others follow at leisure. */
const weightUntil = (page: Page, usableAt: number) =>
	page.evaluate((end) => {
		const all = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
		const scripts = all.filter((it) => it.name.endsWith(".js") && it.responseEnd <= end);
		return scripts.reduce((sum, it) => sum + it.encodedBodySize, 0);
	}, usableAt);

interface Scene {
	path: string;
	selector: string;
	who: Account | null;
}

test("one can type soon, on a slow network", async ({ browser }) => {
	test.setTimeout(600_000);
	const server = await Server.start();
	const ada = await Account.register(server.url, "Ada");
	const bob = await Account.register(server.url, "Bob");
	const room = await ada.createRoom("measured");
	await bob.join(room);
	for (let n = 1; n <= 100; n++) await (n % 3 ? ada : bob).say(room, `message ${n}`);
	const scenes: Record<string, Scene> = {
		"log-in form": { path: "/login", selector: "input[autocomplete=username]", who: null },
		"logged in, composer": { path: `/r/${room}`, selector: "main textarea", who: ada },
	};
	const load = loadavg()[0]?.toFixed(1);
	console.log(
		`${cpus().length} cores, load ${load}; ${NETWORK.latency} ms, 1.6 Mbit/s, CPU / ${SLOWER}`,
	);
	for (const [name, { path, selector, who }] of Object.entries(scenes)) {
		const cold: number[] = [];
		const warm: number[] = [];
		const weights: number[] = [];
		for (let run = 0; run < RUNS; run++) {
			const context = await browser.newContext({
				baseURL: server.url,
				viewport: { width: 360, height: 740 },
			});
			if (who) {
				const data = { login: who.username, password: PASSWORD, cookie: true };
				await context.request.post("/api/v1/auth/login", { data });
			}
			await noteUsable(context, selector);
			const page = await context.newPage();
			await slowDown(page);
			await page.goto(path);
			const at = await usable(page);
			cold.push(at);
			weights.push(await weightUntil(page, at));
			// The client has put itself on the device by then.
			await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
			await page.waitForLoadState("networkidle");
			await page.reload();
			warm.push(await usable(page));
			await context.close();
		}
		const say = (all: readonly number[]) => `${(median(all) / 1_000).toFixed(2)} s`;
		console.log(
			`${name.padEnd(22)} cold ${say(cold)}  warm ${say(warm)}  script${kb(median(weights))}`,
		);
		expect(median(weights)).toBeLessThan(MOST_SCRIPT);
	}
	await server.stop();
});
