/** Somebody who uses the client: what they see and do, by what is written on the page. */

import { type BrowserContext, expect, type Locator, type Page } from "@playwright/test";
import type { Account } from "./account";
import { PASSWORD } from "./account";

export class Person {
	constructor(
		readonly page: Page,
		readonly account: Account,
	) {}

	get context(): BrowserContext {
		return this.page.context();
	}

	/** The list of conversations. */
	get list(): Locator {
		return this.page.getByRole("navigation", { name: "Conversations" });
	}

	get log(): Locator {
		return this.page.getByRole("log");
	}

	get composer(): Locator {
		return this.page.getByRole("main").getByRole("textbox");
	}

	get details(): Locator {
		return this.page.locator("[data-pane=details]");
	}

	/** A conversation's line in the list. */
	row(name: string): Locator {
		return this.list.getByRole("link").filter({ hasText: name });
	}

	/** A message, by a part of its text. */
	message(text: string): Locator {
		return this.log.getByRole("article").filter({ hasText: text });
	}

	/** A sentence about network or storage: at the foot of the list, or of the page on a phone. */
	status(text: string | RegExp): Locator {
		return this.page.getByRole("status").filter({ hasText: text, visible: true }).first();
	}

	async open(room: string): Promise<void> {
		await this.page.goto(`${this.account.url}/r/${room}`);
		await expect(this.composer).toBeVisible();
	}

	async say(text: string): Promise<void> {
		await this.composer.fill(text);
		await this.composer.press("Enter");
		await expect(this.composer).toHaveValue("");
	}

	/** Says it, and waits until the server has it. */
	async saySafely(text: string): Promise<void> {
		await this.say(text);
		await this.isStored(text);
	}

	async isStored(text: string): Promise<void> {
		const message = this.message(text).last();
		await expect(message).toBeVisible();
		await expect(message).not.toContainText(/waiting|sending/);
	}

	/** Opens one of the actions that a message shows when it is pointed at. */
	async act(text: string, action: string): Promise<void> {
		const message = this.message(text);
		await message.hover();
		await message.getByRole("toolbar").getByRole("button", { name: action, exact: true }).click();
	}

	/** Opens a message's menu and takes something from it. */
	async choose(text: string, item: string): Promise<void> {
		await this.act(text, "More");
		await this.page.getByRole("menuitem", { name: item }).click();
	}

	/** Takes something from the menu behind one's own picture. */
	async menu(item: string): Promise<void> {
		await this.page.getByRole("button", { name: "You and settings" }).click();
		await this.page.getByRole("menuitem", { name: item }).click();
	}

	/** What was written, as it stands in the log, the oldest first; only what begins with `mark`. */
	async texts(mark: string): Promise<string[]> {
		const all = await this.log
			.getByRole("article")
			.locator("[id$=-text]")
			.evaluateAll((them) => them.map((it) => it.textContent ?? ""));
		return all.filter((it) => it.startsWith(mark));
	}

	/** Expects exactly these messages that begin with `mark`, in this order. */
	async sees(mark: string, texts: readonly string[]): Promise<void> {
		await expect.poll(() => this.texts(mark), { timeout: 40_000 }).toEqual(texts);
	}

	async logIn(): Promise<void> {
		await this.page.getByLabel("Username or e-mail").fill(this.account.username);
		await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
		await this.page.getByRole("button", { name: "Log in" }).click();
	}
}
