import type { BrowserContextOptions, Page } from "@playwright/test";
import { expect, test } from "./support/test";

const PHONE: BrowserContextOptions = {
	viewport: { width: 360, height: 740 },
	hasTouch: true,
	isMobile: true,
	deviceScaleFactor: 2,
};

const overflow = (page: Page) =>
	page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("list, room, back: each a step in the history, one pane at a time", async ({ person }) => {
	const ada = await person("Ada", { context: PHONE });
	const room = await ada.account.createRoom("pocket");
	await ada.account.say(room, "hello from before");
	await ada.page.goto("/");
	await ada.row("pocket").tap();
	await expect(ada.message("hello from before")).toBeVisible();
	await expect(ada.list).toBeHidden();
	await ada.page.getByRole("button", { name: "Details" }).tap();
	await expect(ada.details).toBeVisible();
	await expect(ada.log).toBeHidden();
	await ada.page.goBack();
	await expect(ada.message("hello from before")).toBeVisible();
	await ada.page.goBack();
	await expect(ada.row("pocket")).toBeVisible();
	await expect(ada.log).toBeHidden();
	await ada.row("pocket").tap();
	await ada.page.getByRole("button", { name: "Back to the conversations" }).tap();
	await expect(ada.row("pocket")).toBeVisible();
});

test("Enter makes a line, the button sends, a long press opens what hover shows", async ({
	person,
}) => {
	const ada = await person("Ada", { context: PHONE });
	const room = await ada.account.createRoom("thumbs");
	await ada.open(room);
	await ada.composer.fill("first line");
	await ada.composer.press("Enter");
	await ada.composer.pressSequentially("second line");
	await ada.page.getByRole("button", { name: "Send" }).tap();
	await ada.isStored("second line");
	await expect(ada.message("first line")).toContainText("second line");

	const box = await ada.message("first line").boundingBox();
	if (!box) throw new Error("the message has no place");
	const touch = await ada.context.newCDPSession(ada.page);
	const touchPoints = [{ x: box.x + 80, y: box.y + box.height / 2 }];
	await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
	await expect(ada.page.getByRole("menuitem", { name: "Reply" })).toBeVisible();
	await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
	await ada.page.getByRole("menuitem", { name: "Reply" }).tap();
	await expect(ada.page.getByText("Reply to Ada")).toBeVisible();
	await expect(ada.composer).toBeFocused();
});

for (const width of [320, 360, 768, 1100, 2560]) {
	test(`nothing is wider than the page at ${width} pixels`, async ({ person }) => {
		const ada = await person("Ada", { context: { viewport: { width, height: 740 } } });
		const room = await ada.account.createRoom(
			"a room with quite a long name, longer than one expects",
		);
		await ada.account.say(room, `word ${"x".repeat(300)} end`);
		await ada.account.say(room, `\`\`\`\n${"code ".repeat(80)}\n\`\`\``);
		for (const path of [
			"/",
			`/r/${room}`,
			`/r/${room}/details`,
			"/discover",
			"/settings/sessions",
		]) {
			await ada.page.goto(path);
			await expect(ada.page.getByRole("heading").filter({ visible: true }).first()).toBeVisible();
			expect(await overflow(ada.page), path).toBe(0);
		}
	});
}

test("what one touches is large enough", async ({ person }) => {
	const ada = await person("Ada", { context: PHONE });
	const room = await ada.account.createRoom("targets");
	await ada.account.say(room, "hello");
	for (const path of ["/", `/r/${room}`, `/r/${room}/details`]) {
		await ada.page.goto(path);
		await expect(ada.page.getByRole("button").filter({ visible: true }).first()).toBeVisible();
		const small = await ada.page.evaluate(() =>
			[...document.querySelectorAll<HTMLElement>("button, a[href], input, select, textarea")]
				.filter((it) => it.checkVisibility({ visibilityProperty: true }))
				.map((it) => ({ it, box: it.getBoundingClientRect() }))
				.filter(({ it, box }) => {
					const inText = it.closest("p, [id$=-text]") !== null && it.tagName === "A";
					const hidden = box.width <= 1 || box.bottom < 0 || box.right < 0;
					return !inText && !hidden && (box.width < 24 || box.height < 24);
				})
				.map(({ it, box }) => `${it.outerHTML.slice(0, 80)} ${box.width}x${box.height}`),
		);
		expect(small, path).toEqual([]);
	}
});
