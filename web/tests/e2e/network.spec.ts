import type { Page } from "@playwright/test";
import { below, firstInView, stray, watchCover } from "./support/place";
import { Proxy } from "./support/proxy";
import { expect, test } from "./support/test";

// What is lost or doubled once is broken.
test.describe.configure({ retries: 0 });

const numbered = (mark: string, from: number, to: number) =>
	Array.from({ length: to - from + 1 }, (_, n) => `${mark} ${from + n}`);

test("what is written offline waits in sight, and goes out once, in order", async ({ person }) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await ada.account.createRoom("offline");
	await bob.account.join(room);
	await bob.open(room);
	await ada.open(room);
	await ada.saySafely("before");
	await ada.context.setOffline(true);
	const texts = numbered("waited", 1, 3);
	for (const text of texts) await ada.say(text);
	await expect(ada.status("Offline. 3 messages go out when you are back.")).toBeVisible();
	await expect(ada.message("waited 3")).toContainText("waiting for the network");
	await ada.context.setOffline(false);
	await bob.sees("waited", texts);
	await ada.isStored("waited 3");
	await ada.sees("waited", texts);
	await expect(ada.page.getByText("Offline.")).toHaveCount(0);
	expect(await ada.account.texts(room)).toEqual(["before", ...texts]);
});

test("a server that is killed while one writes: once each, in order, and nobody is disturbed", async ({
	ownServer,
	person,
}) => {
	const server = await ownServer();
	const ada = await person("Ada", { server });
	const bob = await person("Bob", { server });
	const room = await ada.account.createRoom("killed");
	await bob.account.join(room);
	for (const text of numbered("old", 1, 60)) await ada.account.say(room, text);
	await ada.open(room);
	await bob.open(room);
	await expect(bob.message("old 60")).toBeInViewport();
	await bob.log.hover();
	await bob.page.mouse.wheel(0, -900);
	await expect.poll(() => below(bob.page)).toBeGreaterThan(700);
	const row = await firstInView(bob.page);
	const covered = [await watchCover(ada.page), await watchCover(bob.page)];

	const texts = numbered("new", 1, 24);
	const moved = await stray(bob.page, row, async () => {
		for (const text of texts.slice(0, 8)) await ada.say(text);
		await server.kill();
		for (const text of texts.slice(8, 16)) await ada.say(text);
		await expect(ada.message("new 16")).toContainText(/waiting|sending/);
		await server.up();
		for (const text of texts.slice(16)) await ada.say(text);
		await ada.isStored("new 24");
		await expect(bob.row("killed")).toContainText("new 24");
	});
	expect(moved).toBeLessThanOrEqual(1);
	for (const count of covered) expect((await count()).covered).toBe(0);

	expect((await ada.account.texts(room)).filter((it) => it.startsWith("new"))).toEqual(texts);
	await bob.page.getByRole("button", { name: /Jump to latest/ }).click();
	await bob.sees("new", texts);
	await ada.sees("new", texts);
});

test("a tab that was closed with unsent messages sends them when it is opened again", async ({
	person,
}) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("closed");
	await ada.open(room);
	await ada.saySafely("before");
	await ada.context.setOffline(true);
	await ada.say("kept 1");
	await ada.say("kept 2");
	await expect(ada.message("kept 2")).toContainText("waiting for the network");
	await ada.page.close();
	await ada.context.setOffline(false);
	const page = await ada.context.newPage();
	await page.goto("/");
	await expect
		.poll(() => ada.account.texts(room), { timeout: 30_000 })
		.toEqual(["before", "kept 1", "kept 2"]);
});

/** What is kept of the conversations for a start without a network. */
const kept = (page: Page) =>
	page.evaluate(async () => {
		const [database] = await indexedDB.databases();
		const open = indexedDB.open(database?.name ?? "");
		await new Promise((done) => open.addEventListener("success", done));
		const rooms = open.result.transaction("rooms").objectStore("rooms").getAll();
		await new Promise((done) => rooms.addEventListener("success", done));
		open.result.close();
		return JSON.stringify(rooms.result);
	});

test("without a network it opens with what it has, and says so", async ({ person }) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("kept");
	await ada.open(room);
	await ada.saySafely("to be kept");
	await ada.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
	await expect.poll(() => kept(ada.page)).toContain("to be kept");
	await ada.page.reload();
	await expect(ada.message("to be kept")).toBeVisible();
	await expect
		.poll(() => ada.page.evaluate(() => navigator.serviceWorker.controller !== null))
		.toBe(true);
	await ada.context.setOffline(true);
	await ada.page.reload();
	await expect(ada.message("to be kept")).toBeVisible();
	await expect(ada.row("kept")).toBeVisible();
	await expect(ada.status("Offline.")).toBeVisible();
	await ada.say("written offline");
	await ada.context.setOffline(false);
	await ada.isStored("written offline");
	expect(await ada.account.texts(room)).toEqual(["to be kept", "written offline"]);
});

for (const webSocket of ["refused", "silent"] as const) {
	test(`where WebSocket is ${webSocket}, long polling takes over by itself`, async ({
		server,
		person,
	}) => {
		const proxy = await Proxy.before(server.port, { webSocket });
		const ada = await person("Ada", { context: { baseURL: proxy.url } });
		const bob = await person("Bob");
		const room = await bob.account.createRoom("polled");
		await ada.account.join(room);
		await bob.open(room);
		await ada.page.goto(`/r/${room}`);
		await expect(ada.status("WebSocket is blocked here")).toBeVisible({ timeout: 60_000 });
		await bob.saySafely("do you read me?");
		await expect(ada.message("do you read me?")).toBeVisible();
		await ada.saySafely("over polls");
		await expect(bob.message("over polls")).toBeVisible();
		await ada.page.close();
		await proxy.stop();
	});
}

test("an access token that runs out is replaced, and nobody notices", async ({
	ownServer,
	person,
}) => {
	const server = await ownServer({ flags: ["--access-token-s", "30"] });
	const ada = await person("Ada", { server });
	const room = await ada.account.createRoom("tokens");
	const began = Date.now();
	await ada.open(room);
	const covered = await watchCover(ada.page);
	await ada.page.waitForResponse((it) => it.url().endsWith("/auth/refresh") && it.ok(), {
		timeout: 40_000,
	});
	await ada.saySafely("after the renewal");
	// The first token is over, for the socket as well.
	await expect.poll(() => Date.now() - began, { timeout: 45_000 }).toBeGreaterThan(33_000);
	await ada.saySafely("after its end");
	expect((await covered()).covered).toBe(0);
	await ada.page.reload();
	await expect(ada.message("after its end")).toBeVisible();
});

test("faster than the server allows: everything goes out by itself", async ({
	ownServer,
	person,
}) => {
	const server = await ownServer({ messages: "5/10s" });
	const ada = await person("Ada", { server });
	const room = await ada.account.createRoom("fast");
	await ada.open(room);
	const texts = numbered("quick", 1, 12);
	for (const text of texts) await ada.say(text);
	await expect(ada.message("quick 12")).toContainText(/waiting|sending/);
	await expect(ada.message("quick 12")).not.toContainText(/waiting|sending/, { timeout: 60_000 });
	await ada.sees("quick", texts);
	await expect(ada.log).not.toContainText("Not sent");
});

test("who was removed meanwhile is told that the message was not sent, and keeps its text", async ({
	person,
}) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await bob.account.createRoom("removed", "private");
	await bob.account.add(room, ada.account);
	await ada.open(room);
	await ada.saySafely("still in");
	await ada.context.setOffline(true);
	await ada.say("too late");
	await bob.account.ask("DELETE", `/rooms/${room}/members/${ada.account.id}`);
	await ada.context.setOffline(false);
	await expect(ada.page.getByText("You are not in this room any more")).toBeVisible();
	await expect(ada.page.getByText("too late").first()).toBeVisible();
	await expect(ada.page.getByText(/Not sent/).first()).toBeVisible();
	expect(await bob.account.texts(room)).toEqual(["still in"]);
});
