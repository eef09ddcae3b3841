import type { Page } from "@playwright/test";
import { Account, expect, PASSWORD, Person, test } from "./support/test";
import { watch } from "./support/watch";

/** That something has the focus, and that one sees which. */
async function focusIsSeen(page: Page): Promise<void> {
	const seen = () =>
		page.evaluate(() => {
			const it = document.activeElement;
			if (!it || it === document.body) return "nothing has the focus";
			for (let at: Element | null = it; at && at !== document.body; at = at.parentElement) {
				const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
				const ring = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1;
				if (ring || boxShadow !== "none") return "seen";
			}
			return `no ring around ${it.outerHTML.slice(0, 120)}`;
		});
	await expect.poll(seen).toBe("seen");
}

test("everything by keyboard: log in, open a room, write, react, answer, edit, leave a dialog", async ({
	browser,
	server,
	problems,
}) => {
	const account = await Account.register(server.url, "Ada");
	const bob = await Account.register(server.url, "Bob");
	const room = await account.createRoom("keys");
	await bob.join(room);
	await account.createRoom("other keys");
	await bob.say(room, "press something");
	const context = await browser.newContext({ baseURL: server.url });
	await watch(context, problems);
	const ada = new Person(await context.newPage(), account);
	const { page } = ada;
	const { keyboard } = page;
	await page.goto("/");
	await expect(page.getByLabel("Username or e-mail")).toBeFocused();
	await keyboard.type(account.username);
	await keyboard.press("Tab");
	await focusIsSeen(page);
	await keyboard.type(PASSWORD);
	await keyboard.press("Enter");
	await expect(ada.row("other keys")).toBeVisible();

	await test.step("a room is opened by a few letters", async () => {
		await keyboard.press("Control+k");
		await expect(page.getByRole("dialog", { name: "Find or jump to" })).toBeVisible();
		await keyboard.type("keys");
		await keyboard.press("Escape");
		await expect(page.getByRole("dialog")).toHaveCount(0);
		await keyboard.press("Control+k");
		await keyboard.type("other");
		await expect(page.getByRole("option", { name: /other keys/ })).toBeVisible();
		await keyboard.press("Enter");
		await expect(page.getByRole("heading", { name: "other keys", level: 1 })).toBeVisible();
		await keyboard.press("Alt+ArrowDown");
		const away = page.getByRole("heading", { name: "other keys", level: 1 });
		if (await away.isVisible()) await keyboard.press("Alt+ArrowUp");
		await expect(page.getByRole("heading", { name: /^\W*keys$/, level: 1 })).toBeVisible();
	});

	await test.step("one writes, and edits with the up-arrow", async () => {
		await ada.composer.focus();
		await focusIsSeen(page);
		await keyboard.type("I presed");
		await keyboard.press("Enter");
		await ada.isStored("I presed");
		await keyboard.press("ArrowUp");
		await expect(ada.composer).toHaveValue("I presed");
		await keyboard.press("Control+a");
		await keyboard.type("I pressed");
		await keyboard.press("Enter");
		await expect(ada.message("I pressed")).toContainText("edited");
		await expect(ada.composer).toBeFocused();
	});

	await test.step("a message is reached, answered and reacted to", async () => {
		await keyboard.press("Shift+Tab");
		const tries = async () => {
			if (await ada.message("I pressed").evaluate((it) => it === document.activeElement))
				return true;
			await keyboard.press("Shift+Tab");
			return false;
		};
		await expect.poll(tries).toBe(true);
		await focusIsSeen(page);
		await keyboard.press("ArrowUp");
		await expect(ada.message("press something").first()).toBeFocused();
		await keyboard.press("r");
		await expect(ada.composer).toBeFocused();
		await expect(page.getByText("Reply to Bob")).toBeVisible();
		await keyboard.type("an answer");
		await keyboard.press("Enter");
		await ada.isStored("an answer");
		await expect(
			ada.message("an answer").getByRole("button", { name: /In reply to Bob/ }),
		).toBeVisible();

		await ada.message("press something").first().focus();
		await keyboard.press("+");
		await expect(page.getByRole("button", { name: "React with 👍" })).toBeVisible();
		await focusIsSeen(page);
		await keyboard.press("Enter");
		await expect(
			ada.message("press something").first().getByRole("button", { name: /You/ }),
		).toBeVisible();
		await focusIsSeen(page);
	});

	await test.step("a dialog gives the focus back", async () => {
		await ada.message("an answer").focus();
		await keyboard.press("Delete");
		await expect(page.getByRole("alertdialog")).toBeVisible();
		await focusIsSeen(page);
		await keyboard.press("Escape");
		await expect(page.getByRole("alertdialog")).toHaveCount(0);
		await focusIsSeen(page);
		await keyboard.press("Escape");
		await expect(ada.composer).toBeFocused();
	});

	await test.step("and the sheet tells them all", async () => {
		await page.getByRole("button", { name: "You and settings" }).focus();
		await keyboard.press("?");
		await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
		await keyboard.press("Escape");
		await focusIsSeen(page);
	});
	await context.close();
});

test("from the first Tab on, the focus is always seen, and every stop has a name", async ({
	person,
}) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("stops");
	await ada.account.say(room, "hello");
	await ada.open(room);
	await expect(ada.message("hello")).toBeVisible();
	await ada.page.getByRole("link", { name: "Starling" }).focus();
	const stops = new Set<string>();
	for (let n = 0; n < 30; n++) {
		await ada.page.keyboard.press("Tab");
		const stop = await ada.page.evaluate(() => {
			const it = document.activeElement;
			return it && it !== document.body ? it.outerHTML.slice(0, 200) : "";
		});
		if (stop === "") break;
		await focusIsSeen(ada.page);
		stops.add(stop);
	}
	expect(stops.size).toBeGreaterThan(8);
});
