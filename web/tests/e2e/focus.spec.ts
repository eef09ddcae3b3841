import type { Page } from "@playwright/test";
import { Account, expect, test } from "./support/test";

const focused = (page: Page) =>
	page.evaluate(() => {
		const it = document.activeElement;
		return it === null || it === document.body ? "nothing" : it.tagName;
	});

test("a dialog that a menu opened gives the focus back to where one was", async ({
	person,
	server,
}) => {
	const ada = await person("Ada");
	const bob = await Account.register(server.url, "Bob");
	const room = await ada.account.createRoom("menus");
	await bob.join(room);
	await bob.say(room, "a word");
	await ada.open(room);
	const { page } = ada;
	const { keyboard } = page;
	const choose = async (item: string) => {
		await expect(page.getByRole("menu")).toBeVisible();
		await page.getByRole("menuitem", { name: item }).focus();
		await keyboard.press("Enter");
	};
	const closes = async (role: "dialog" | "alertdialog") => {
		await expect(page.getByRole(role)).toBeVisible();
		await keyboard.press("Escape");
		await expect(page.getByRole(role)).toHaveCount(0);
	};

	for (const [item, role] of [
		["Delete", "alertdialog"],
		["Who has seen it", "dialog"],
	] as const) {
		await test.step(`of a message: ${item}`, async () => {
			await ada.message("a word").focus();
			await keyboard.press("Enter");
			await choose(item);
			await closes(role);
			await expect.poll(() => focused(page)).not.toBe("nothing");
			const inside = await ada
				.message("a word")
				.evaluate((it) => it.contains(document.activeElement));
			expect(inside, `the focus is on ${await focused(page)}`).toBe(true);
		});
	}

	await test.step("of a member", async () => {
		const button = ada.details.getByRole("button", { name: /Bob/ });
		await button.focus();
		await keyboard.press("Enter");
		await choose("Remove");
		await closes("alertdialog");
		await expect(button).toBeFocused();
	});

	await test.step("of oneself", async () => {
		const button = page.getByRole("button", { name: "You and settings" });
		await button.focus();
		await keyboard.press("Enter");
		await choose("Keyboard shortcuts");
		await closes("dialog");
		await expect(button).toBeFocused();
	});
});
