import type { Page } from "@playwright/test";
import { Proxy } from "./support/proxy";
import { Account, expect, Person, test } from "./support/test";
import { watch } from "./support/watch";

// What is lost or doubled once is broken.
test.describe.configure({ retries: 0 });

test("a browser that refuses cookies: it says so, and one can chat until the page is left", async ({
	browser,
	server,
	problems,
}) => {
	const proxy = await Proxy.before(server.port, { noCookies: true });
	const account = await Account.register(server.url, "Ada");
	const room = await account.createRoom("crumbs");
	const context = await browser.newContext({ baseURL: proxy.url });
	await watch(context, problems);
	const ada = new Person(await context.newPage(), account);
	await ada.page.goto(`/r/${room}`);
	await ada.logIn();
	await expect(ada.status("This browser refuses cookies")).toBeVisible();
	await ada.saySafely("it works all the same");
	await ada.page.reload();
	await expect(ada.page.getByText("Your browser refuses cookies for this page")).toBeVisible();
	await ada.logIn();
	await expect(ada.message("it works all the same")).toBeVisible();
	await context.close();
	await proxy.stop();
});

const BROKEN: Record<string, { breaks: (page: Page) => Promise<unknown>; says: string }> = {
	"that has no IndexedDB": {
		breaks: (page) =>
			page.addInitScript(() => {
				Object.defineProperty(window, "indexedDB", { value: undefined });
			}),
		says: "This browser keeps nothing for this page",
	},
	"that refuses IndexedDB": {
		breaks: (page) =>
			page.addInitScript(() => {
				IDBFactory.prototype.open = () => {
					throw new DOMException("refused", "SecurityError");
				};
			}),
		says: "This browser keeps nothing for this page",
	},
	"whose storage is full": {
		breaks: (page) =>
			page.addInitScript(() => {
				IDBObjectStore.prototype.put = () => {
					throw new DOMException("full", "QuotaExceededError");
				};
			}),
		says: "storage is full",
	},
};

for (const [what, { breaks, says }] of Object.entries(BROKEN)) {
	test(`a browser ${what}: it says so, and one can chat`, async ({ person }) => {
		const ada = await person("Ada");
		const bob = await person("Bob");
		const room = await ada.account.createRoom("nothing kept");
		await bob.account.join(room);
		await breaks(ada.page);
		await ada.open(room);
		await bob.open(room);
		await ada.saySafely("kept nowhere");
		await expect(bob.message("kept nowhere")).toBeVisible();
		await bob.saySafely("but heard");
		await expect(ada.message("but heard")).toBeVisible();
		await expect(ada.status(says)).toBeVisible();
		await ada.sees("kept", ["kept nowhere"]);
	});
}

test.describe("without JavaScript", () => {
	test.use({ javaScriptEnabled: false });
	test("a sentence says what is needed", async ({ page, server }) => {
		await page.goto(server.url);
		const seen = await page.evaluate(() => document.body.innerText);
		expect(seen).toContain("Starling needs JavaScript.");
	});
});

test("a script that is blocked leaves a sentence, not an empty page", async ({ page, server }) => {
	await page.route(/\.js$/, (route) => route.abort());
	await page.goto(server.url);
	await expect(page.getByText("Starling could not start.")).toBeVisible();
});
