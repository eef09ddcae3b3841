import { below, stray, thirdInView } from "./support/place";
import { expect, test } from "./support/test";

const COUNT = 5_000;

test("five thousand messages: what one reads stays where it is while older ones load", async ({
	person,
}) => {
	test.setTimeout(180_000);
	const ada = await person("Ada");
	const room = await ada.account.createRoom("endless");
	const text = (n: number) => `entry ${n} ${"and more words ".repeat(n % 7)}`;
	for (let n = 0; n < COUNT; n += 50) {
		const some = Array.from({ length: 50 }, (_, i) => ada.account.say(room, text(n + i)));
		await Promise.all(some);
	}
	await ada.open(room);
	await expect(
		ada
			.message(`entry ${COUNT - 1}`)
			.or(ada.message(`entry ${COUNT - 2}`))
			.first(),
	).toBeInViewport();
	const loaded = () => ada.log.evaluate((it) => it.scrollHeight);
	await expect.poll(loaded).toBeGreaterThan(1_000);
	// Older pages come when they are let in, so that what they do can be told from the scrolling.
	let letIn = () => {};
	let asked = () => {};
	await ada.page.route(/\/messages\?.*before=/, async (route) => {
		const leave = new Promise<void>((done) => {
			letIn = done;
		});
		asked();
		await leave;
		await route.continue();
	});
	await ada.log.hover();
	for (let step = 0; step < 12; step++) {
		const before = await loaded();
		const waits = new Promise<void>((done) => {
			asked = done;
		});
		await expect(async () => {
			await ada.page.mouse.wheel(0, -3_000);
			expect(await ada.log.evaluate((it) => it.scrollTop)).toBe(0);
		}).toPass({ intervals: [50] });
		await waits;
		const row = await thirdInView(ada.page);
		const moved = await stray(ada.page, row, async () => {
			letIn();
			await expect.poll(loaded).toBeGreaterThan(before + 500);
		});
		expect(moved, `step ${step}`).toBeLessThanOrEqual(1);
	}
	const rendered = await ada.log.getByRole("article").count();
	expect(rendered, "only what is near the view is in the page").toBeLessThan(120);
	await ada.page.getByRole("button", { name: "Jump to latest" }).click();
	await expect.poll(() => below(ada.page)).toBeLessThanOrEqual(1);
});

test("an answer to a message that isn't loaded shows who wrote it, and what", async ({
	person,
}) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("long ago");
	const first = await ada.account.say(room, "the very first question");
	const second = await ada.account.say(room, "something to be taken back");
	for (let n = 0; n < 150; n += 50) {
		await Promise.all(
			Array.from({ length: 50 }, (_, i) => ada.account.say(room, `between ${n + i}`)),
		);
	}
	await ada.account.say(room, "at last an answer", first);
	await ada.account.say(room, "too late", second);
	await ada.account.ask("DELETE", `/rooms/${room}/messages/${second}`);
	await ada.open(room);
	const line = (of: string) => ada.message(of).getByRole("button", { name: /In reply to Ada/ });
	await expect(line("at last an answer")).toHaveText(/Ada: the very first question/);
	await expect(line("too late")).toHaveText(/a deleted message/);
	await expect(ada.message("the very first question")).toHaveCount(1);
	await line("at last an answer").click();
	await expect(ada.message("the very first question").first()).toBeInViewport();
});
