// How smooth a conversation of 100,000 messages is: `npm run bench` in `web/`.
//
// It builds the page of one room (`tests/pages/room.html`) as it would be shipped, opens it in
// Chromium with every message loaded, and
// 1. scrolls up at the speed of a busy wheel for some seconds, with a wheel's own events;
// 2. flings through everything, from the newest message to the first, three views a frame, so
//    that in each frame everything is new;
// 3. does at the far end what happens in a conversation: a message comes, one above the view is
//    edited, an older page is loaded in front of all of them, somebody jumps.
//
// Printed: for 1 and 2 how long the frames took and how many were dropped (a frame of 16.7 ms that
// showed nothing new), and what they cost the processor, which doesn't depend on what else the machine
// does; for 3 the processor's time for each event, and how long it was until the next frame was laid
// out; and the memory and elements at the end. Numbers are worth comparing on one quiet machine. The browser has no
// graphics card here, so that painting costs more than on a desk.
//
//   npm run bench -- --count 20000        fewer messages
//   CHROMIUM=/usr/bin/chromium            another browser

import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { build, loadConfigFromFile, preview } from "vite";

const { values } = parseArgs({ options: { count: { type: "string", default: "100000" } } });
const count = Number(values.count);
const root = fileURLToPath(new URL("..", import.meta.url));
const FRAME_MS = 1000 / 60;

const out = await mkdtemp(join(tmpdir(), "starling-bench-"));
const server = await serve();
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: [
		"--no-sandbox",
		"--disable-gpu",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
	],
});
try {
	await measure();
} finally {
	await browser.close();
	await server.close();
	await rm(out, { recursive: true });
}

/** The page as it would be shipped; the service worker would only be in the way. */
async function serve() {
	const found = await loadConfigFromFile({ command: "build", mode: "production" }, undefined, root);
	const plugins = (found?.config.plugins ?? [])
		.flat(3)
		.filter((it) => !it?.name?.startsWith("vite-plugin-pwa"));
	const config = { ...found?.config, plugins, root, configFile: false, logLevel: "error" };
	const input = join(root, "tests/pages/room.html");
	await build({
		...config,
		build: { ...config.build, outDir: out, emptyOutDir: true, rollupOptions: { input } },
	});
	const preview_ = { host: "127.0.0.1", port: 0 };
	return preview({ ...config, build: { outDir: out }, preview: preview_ });
}

async function measure() {
	const page = await browser.newPage({ viewport: { width: 1_160, height: 900 } });
	const address = server.resolvedUrls?.local[0] ?? "";
	const began = performance.now();
	await page.goto(`${address}tests/pages/room.html?count=${count}&loaded=${count}`);
	await page.getByRole("article").last().waitFor();
	console.log(`${count} messages; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);
	console.log(`made and shown after ${(performance.now() - began).toFixed(0)} ms\n`);
	await page.evaluate(tools);
	await page.waitForTimeout(1_000);
	const session = await page.context().newCDPSession(page);
	await session.send("Performance.enable", { timeDomain: "threadTicks" });
	const metric = async (name) => {
		const { metrics } = await session.send("Performance.getMetrics");
		return metrics.find((it) => it.name === name)?.value ?? 0;
	};
	const busy = async () => 1_000 * (await metric("TaskDuration"));

	let before = await busy();
	await page.evaluate(() => window.bench.start());
	await page.mouse.move(500, 400);
	for (let n = 0; n < 150; n++) {
		await page.mouse.wheel(0, -360);
		await page.waitForTimeout(16);
	}
	const wheeled = await page.evaluate(() => window.bench.stop());
	report("a busy wheel", wheeled, (await busy()) - before);

	before = await busy();
	const flung = await page.evaluate(() => window.bench.fling(2_700));
	report("a fling through all of them", flung, (await busy()) - before);

	console.log("\nat the far end: of the processor, and until the next frame");
	for (const name of ["arrives", "edited", "older", "jump"]) {
		before = await busy();
		const times = await page.evaluate((it) => window.bench.event(it), name);
		const each = ((await busy()) - before) / times.length;
		const waits = times.map((it) => it.toFixed(0).padStart(5)).join("");
		console.log(`  ${name.padEnd(8)} ${each.toFixed(1).padStart(6)} ms ${waits} ms`);
	}

	await session.send("HeapProfiler.collectGarbage");
	const memory = (await metric("JSHeapUsedSize")) / 2 ** 20;
	const rows = await page.locator("[data-id]").count();
	console.log(`\nmemory ${memory.toFixed(1)} MiB of script`);
	console.log(`elements ${await metric("Nodes")} nodes, ${rows} rows in the page`);
}

/** `busy`: the processor's time of the page's thread, which other programs don't change. */
function report(name, frames, busy) {
	const sorted = [...frames].sort((a, b) => a - b);
	const at = (share) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
	const dropped = frames.reduce((sum, it) => sum + Math.max(0, Math.round(it / FRAME_MS) - 1), 0);
	const share = ((100 * dropped) / (dropped + frames.length)).toFixed(1);
	console.log(name);
	console.log(`  ${frames.length} frames, ${dropped} dropped (${share} %)`);
	console.log(
		`  median ${at(0.5)} ms, 95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, worst ${at(1)} ms`,
	);
	console.log(`  ${(busy / frames.length).toFixed(1)} ms of the processor a frame`);
}

/** Runs in the page. */
function tools() {
	const log = document.querySelector("[role=log]");
	const { scene } = window;
	const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
	let on = false;
	let frames = [];
	const record = async () => {
		let last = await frame();
		while (on) {
			const now = await frame();
			frames.push(now - last);
			last = now;
		}
	};
	const start = () => {
		on = true;
		frames = [];
		record();
	};
	const stop = () => {
		on = false;
		return frames;
	};
	const stretch = () => scene.store.getState().rooms[scene.roomId].live.ids;
	const withoutOldest = () =>
		scene.patch((it) => ({ live: { ...it.live, ids: it.live.ids.slice(50), moreBefore: true } }));
	const happen = {
		arrives: () => scene.arrive(1),
		edited: (n) => {
			const top = log.getBoundingClientRect().top;
			const rows = [...log.querySelectorAll("[data-id]")];
			const above = rows.findLast((it) => it.getBoundingClientRect().bottom < top);
			const ids = stretch();
			const at = above ? ids.indexOf(above.dataset.id) : ids.length - 30;
			scene.change(ids.length - 1 - at, "longer than before, line after line. ".repeat(5 + n));
		},
		// The oldest page was taken away before, and comes again.
		older: () => scene.client.loadBefore(scene.roomId),
		jump: (n) => {
			log.scrollTop = (log.scrollHeight * (n + 1)) / 7;
		},
	};
	window.bench = {
		start,
		stop,
		async fling(by) {
			start();
			for (let still = 0; log.scrollTop > 0 && still < 30; ) {
				const before = log.scrollTop;
				log.scrollTop -= by;
				await frame();
				still = log.scrollTop < before ? 0 : still + 1;
			}
			return stop();
		},
		async event(name) {
			scene.delay = 0;
			log.scrollTop = log.clientHeight * 4;
			await new Promise((resolve) => setTimeout(resolve, 500));
			const times = [];
			for (let n = 0; n < 5; n++) {
				if (name === "older") withoutOldest();
				await frame();
				await frame();
				const began = performance.now();
				await happen[name](n);
				await frame();
				// What the frame laid out is done when a message after it runs.
				await new Promise((resolve) => {
					const { port1, port2 } = new MessageChannel();
					port1.onmessage = resolve;
					port2.postMessage(null);
				});
				times.push(performance.now() - began);
				await new Promise((resolve) => setTimeout(resolve, 200));
			}
			return times;
		},
	};
}
