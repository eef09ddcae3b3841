/** Where things are in the log, to the pixel. */

import type { Page } from "@playwright/test";

/** The row that begins at or after the top of the view. */
export const firstInView = (page: Page): Promise<string> =>
	page.getByRole("log").evaluate((log) => {
		const { top } = log.getBoundingClientRect();
		const rows = [...log.querySelectorAll<HTMLElement>("[data-id]")];
		return rows.find((it) => it.getBoundingClientRect().top >= top)?.dataset.id ?? "";
	});

/** One that goes on to be there, whatever is put above the first message. */
export const thirdInView = (page: Page): Promise<string> =>
	page.getByRole("log").evaluate((log) => {
		const { top } = log.getBoundingClientRect();
		const rows = [...log.querySelectorAll<HTMLElement>("[data-id]")];
		const seen = rows.filter((it) => it.getBoundingClientRect().top >= top);
		return seen[2]?.dataset.id ?? "";
	});

/** How far away the end of the log is. */
export const below = (page: Page): Promise<number> =>
	page
		.getByRole("log")
		.evaluate((log) => log.scrollHeight - log.clientHeight - Math.round(log.scrollTop));

interface Watched {
	most: number;
	frames: number;
	on: boolean;
}

/** How far a row strays from its place, in any frame, until `happens` is done. */
export async function stray(page: Page, id: string, happens: () => Promise<unknown>) {
	await page.evaluate((row) => {
		const place = () => document.querySelector(`[data-id="${row}"]`)?.getBoundingClientRect().top;
		const began = place() ?? Number.NaN;
		const watched: Watched = { most: 0, frames: 0, on: true };
		Object.assign(window, { watched });
		// A message runs after the frame was laid out: what it sees is what was painted.
		const channel = new MessageChannel();
		channel.port1.onmessage = () => {
			watched.frames += 1;
			const now = place();
			watched.most = Math.max(watched.most, now === undefined ? 1e6 : Math.abs(now - began));
		};
		const frame = () => {
			channel.port2.postMessage(null);
			if (watched.on) requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	}, id);
	await happens();
	return page.evaluate(() => {
		const { watched } = window as unknown as { watched: Watched };
		watched.on = false;
		return watched.most;
	});
}

/**
 * Notes whether anything ever covers the log, or takes it away; and whether the page was left. Begins when
 * the log is first seen.
 */
export async function watchCover(page: Page): Promise<() => Promise<{ covered: number }>> {
	await page.evaluate(() => {
		const found = { covered: 0 };
		Object.assign(window, { cover: found });
		const isCovered = () => {
			const log = document.querySelector("[role=log]");
			const box = log?.getBoundingClientRect();
			const at = box && document.elementFromPoint(box.left + box.width / 2, box.top + 40);
			return !at || !log?.contains(at);
		};
		return new Promise<void>((resolve) => {
			const count = () => {
				if (isCovered()) found.covered += 1;
				requestAnimationFrame(count);
			};
			const uncover = () => {
				if (isCovered()) return requestAnimationFrame(uncover);
				resolve();
				requestAnimationFrame(count);
			};
			requestAnimationFrame(uncover);
		});
	});
	// A reload would take it away.
	return () => page.evaluate(() => (window as unknown as { cover: { covered: number } }).cover);
}
