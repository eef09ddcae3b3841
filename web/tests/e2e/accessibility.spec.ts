import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, type Person, type Server, test } from "./support/test";
import { watch } from "./support/watch";

const LOOKS = {
	light: { colorScheme: "light" },
	dark: { colorScheme: "dark" },
	Arabic: { colorScheme: "light", locale: "ar" },
} as const;

async function nothingFound(page: Page, what: string): Promise<void> {
	// What comes and goes with a movement is looked at when it is there.
	await page.evaluate(() => Promise.all(document.getAnimations().map((it) => it.finished)));
	const { violations } = await new AxeBuilder({ page }).analyze();
	const found = violations.map((it) => ({
		screen: what,
		rule: it.id,
		help: it.help,
		where: it.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`),
	}));
	expect(found).toEqual([]);
}

/** A room in which there is something of everything. */
async function furnish(ada: Person, server: Server): Promise<string> {
	const { Account } = await import("./support/test");
	const bob = await Account.register(server.url, "Bob");
	const room = await ada.account.createRoom("release-train", "public", "What ships, and when.");
	await bob.join(room);
	await bob.direct(ada.account);
	const first = await bob.say(room, "Longest interruption: `0.4 s`, nothing lost. **Good.**");
	await ada.account.say(room, `@${bob.username} see [the notes](https://example.org/notes)`, first);
	await bob.ask("PUT", `/rooms/${room}/messages/${first}/reactions/${encodeURIComponent("🎉")}`);
	const gone = await bob.say(room, "a mistake");
	await bob.ask("DELETE", `/rooms/${room}/messages/${gone}`);
	await bob.say(room, "> quoted\n\n- one\n- two\n\n```\ncode\n```");
	return room;
}

for (const [look, context] of Object.entries(LOOKS)) {
	test(`axe finds nothing on the main screens, ${look}`, async ({ person, server }) => {
		test.setTimeout(180_000);
		const ada = await person("Ada", { context });
		const { page } = ada;
		const pane = page.getByRole("main");
		await page.goto("/");
		await expect(pane.getByRole("heading").first()).toBeVisible();
		await nothingFound(page, "empty start");
		const room = await furnish(ada, server);
		await page.goto(`/r/${room}`);
		await expect(ada.log.getByRole("article")).toHaveCount(4);
		await nothingFound(page, "conversation");
		await ada.log.getByRole("article").first().hover();
		await expect(page.getByRole("toolbar")).toBeVisible();
		await nothingFound(page, "actions of a message");
		await page.keyboard.press("Control+k");
		await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
		await nothingFound(page, "jump");
		await page.keyboard.press("Escape");
		for (const path of [
			"/discover",
			"/settings/account",
			"/settings/sessions",
			"/settings/appearance",
		]) {
			await page.goto(path);
			await expect(
				pane.getByRole("heading").nth(1).or(pane.getByRole("listitem").first()).first(),
			).toBeVisible();
			await nothingFound(page, path);
		}
		await page.setViewportSize({ width: 360, height: 740 });
		await page.goto(`/r/${room}/details`);
		await expect(ada.details.getByRole("listitem").first()).toBeVisible();
		await nothingFound(page, "details on a phone");
		await page.goto("/");
		await expect(page.getByRole("navigation").first()).toBeVisible();
		await nothingFound(page, "list on a phone");
	});

	test(`axe finds nothing on log-in and sign-up, ${look}`, async ({
		browser,
		server,
		problems,
	}) => {
		const it = await browser.newContext({ baseURL: server.url, ...context });
		await watch(it, problems);
		const page = await it.newPage();
		for (const path of ["/login", "/register"]) {
			await page.goto(path);
			await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
			await page.getByRole("button").last().click();
			await nothingFound(page, path);
		}
		await it.close();
	});
}
