import { expect, Person, test } from "./support/test";

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
