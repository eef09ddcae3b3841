import { Account, expect, Person, test } from "./support/test";

// What is lost or doubled once is broken.
test.describe.configure({ retries: 0 });

test("two tabs of one person: both live, each message once, and one log-out for both", async ({
	person,
}) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("tabs");
	await ada.open(room);
	const other = new Person(await ada.context.newPage(), ada.account);
	await other.open(room);
	await ada.saySafely("from the first");
	await expect(other.message("from the first")).toBeVisible();
	await other.saySafely("from the second");
	await expect(ada.message("from the second")).toBeVisible();

	await ada.context.setOffline(true);
	await ada.say("waits 1");
	await expect(other.message("waits 1")).toBeVisible();
	await other.say("waits 2");
	await expect(ada.message("waits 2")).toBeVisible();
	await ada.context.setOffline(false);
	const texts = ["waits 1", "waits 2"];
	await expect
		.poll(() => ada.account.texts(room), { timeout: 30_000 })
		.toEqual(["from the first", "from the second", ...texts]);
	await ada.sees("waits", texts);
	await other.sees("waits", texts);

	await ada.menu("Log out");
	await expect(ada.page.getByRole("heading", { name: "Log in to Starling" })).toBeVisible();
	await expect(other.page.getByRole("heading", { name: "Log in to Starling" })).toBeVisible();
	await other.page.reload();
	await expect(other.page.getByRole("heading", { name: "Log in to Starling" })).toBeVisible();
	expect(await other.page.evaluate(() => indexedDB.databases())).toEqual([]);
});

test("one log-in holds in a new tab, over a reload, and in a restarted browser", async ({
	person,
}) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("again");
	await ada.open(room);
	await ada.page.reload();
	await expect(ada.composer).toBeVisible();
	await ada.page.close();
	const other = new Person(await ada.context.newPage(), ada.account);
	await other.open(room);
	const cookies = await ada.context.cookies();
	expect(cookies.map((it) => [it.httpOnly, it.sameSite])).toEqual([[true, "Strict"]]);
	const kept = await other.page.evaluate(() =>
		JSON.stringify({ ...localStorage, ...sessionStorage }),
	);
	expect(kept).not.toContain("ey");
});

test("a session that is ended from elsewhere: a sentence, and the draft is there afterwards", async ({
	person,
}) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("ended");
	await ada.open(room);
	await ada.saySafely("before");
	await ada.composer.fill("half a sentence");
	await expect(ada.composer).toHaveValue("half a sentence");
	await ada.account.ask("DELETE", "/me/sessions?keep_current=true");
	await expect(ada.page.getByText("Your session ended. Log in again")).toBeVisible();
	await ada.logIn();
	await expect(ada.message("before")).toBeVisible();
	await expect(ada.composer).toHaveValue("half a sentence");
});

test("what one person wrote waits for them, whoever logs in to the same browser meanwhile", async ({
	person,
}) => {
	const ada = await person("Ada");
	const bob = new Person(ada.page, await Account.register(ada.account.url, "Bob"));
	const room = await ada.account.createRoom("both");
	await bob.account.join(room);
	await ada.open(room);
	await ada.saySafely("before");
	const another = await Account.logIn(ada.account.url, ada.account);
	await ada.context.setOffline(true);
	await ada.say("Ada's alone");
	await expect(ada.message("Ada's alone")).toContainText("waiting");
	await another.ask("DELETE", "/me/sessions?keep_current=true");
	await ada.context.setOffline(false);
	await expect(ada.page.getByText("Your session ended. Log in again")).toBeVisible();

	await bob.logIn();
	await expect(bob.message("before")).toBeVisible();
	await bob.saySafely("Bob's");
	await expect(bob.message("Ada's alone")).toHaveCount(0);
	expect(await another.texts(room)).toEqual(["before", "Bob's"]);
	await bob.menu("Log out");

	await ada.logIn();
	await expect.poll(() => another.texts(room)).toEqual(["before", "Bob's", "Ada's alone"]);
	await ada.isStored("Ada's alone");
});

test("a page that the browser froze goes on where it was", async ({ person }) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("frozen");
	await ada.open(room);
	await ada.saySafely("before");
	const browser = await ada.context.newCDPSession(ada.page);
	await browser.send("Page.setWebLifecycleState", { state: "frozen" });
	await ada.account.say(room, "meanwhile");
	await new Promise((done) => setTimeout(done, 3_000));
	await browser.send("Page.setWebLifecycleState", { state: "active" });
	await expect(ada.message("meanwhile")).toBeVisible();
	await ada.saySafely("after");
	await ada.sees("", ["before", "meanwhile", "after"]);
});
