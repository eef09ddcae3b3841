/** What calls for attention while one looks elsewhere. */

import type { Page } from "@playwright/test";
import { expect, type Person, test } from "./support/test";

/** Notes what the page shows and plays; both happen as well. */
async function note(page: Page): Promise<void> {
	await page.addInitScript(() => {
		const noted = { shown: [] as string[], tones: 0 };
		Object.assign(window, { noted });
		const { start } = OscillatorNode.prototype;
		OscillatorNode.prototype.start = function (...when) {
			noted.tones += 1;
			return start.apply(this, when);
		};
		window.Notification = class extends Notification {
			constructor(title: string, options?: NotificationOptions) {
				super(title, options);
				noted.shown.push(`${title}: ${options?.body}`);
			}
		};
	});
}

const noted = (page: Page) =>
	page.evaluate(() => (window as unknown as { noted: { shown: string[]; tones: number } }).noted);

/** As if another window was in front. */
const lookAway = (page: Page, away: boolean) =>
	page.evaluate((hidden) => {
		Object.defineProperty(document, "visibilityState", {
			configurable: true,
			get: () => (hidden ? "hidden" : "visible"),
		});
		document.dispatchEvent(new Event("visibilitychange"));
	}, away);

async function allowNotifications(ada: Person): Promise<void> {
	await ada.page.goto("/settings/notifications");
	const sound = ada.page.getByRole("switch", { name: "Play a sound" });
	await expect(sound).not.toBeChecked();
	await ada.page.getByRole("switch", { name: "Notify me on this device" }).check();
	await sound.check();
}

test("whoever looks elsewhere is told of what is for them, and of nothing else", async ({
	person,
}) => {
	const ada = await person("Ada", { context: { permissions: ["notifications"] } });
	const bob = await person("Bob");
	const room = await ada.account.createRoom("harbour");
	await bob.account.join(room);
	await note(ada.page);
	await ada.page.goto("/");
	await lookAway(ada.page, true);
	const call = (text: string) => bob.account.say(room, `@${ada.account.username} ${text}`);
	await call("before it is switched on");
	await expect(ada.page).toHaveTitle(/^\(1\) /);
	expect(await noted(ada.page)).toEqual({ shown: [], tones: 0 });

	await allowNotifications(ada);
	await call("while one looks at the page");
	await expect(ada.page).toHaveTitle(/^\(2\) /);
	expect(await noted(ada.page)).toEqual({ shown: [], tones: 0 });

	await lookAway(ada.page, true);
	await bob.account.say(room, "for nobody");
	await call("**are** you there?");
	await expect
		.poll(() => noted(ada.page))
		.toEqual({
			shown: [`Bob in harbour: @${ada.account.username} are you there?`],
			tones: 2,
		});
	await expect(ada.page).toHaveTitle(/^\(4\) /);

	await lookAway(ada.page, false);
	await ada.row("harbour").click();
	await expect(ada.page).toHaveTitle("harbour · Starling");
});

test("a newer version waits until one takes it, and what was typed is there afterwards", async ({
	ownServer,
	person,
}) => {
	const server = await ownServer({ ownClient: true });
	const ada = await person("Ada", { server });
	const room = await ada.account.createRoom("harbour");
	await ada.open(room);
	await ada.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
	await server.kill();
	await server.releaseClient();
	await server.up();
	await ada.page.reload();
	await ada.composer.fill("in the middle of a sentence");
	await ada.page.evaluate(() => {
		Object.assign(window, { old: true });
	});
	await ada.page.getByRole("button", { name: "Reload" }).click();
	await ada.page.waitForFunction(() => !("old" in window));
	await expect(ada.composer).toHaveValue("in the middle of a sentence");
	await expect(ada.page.getByRole("button", { name: "Reload" })).toBeHidden();
});
