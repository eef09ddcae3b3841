import { unique } from "./support/account";
import { expect, PASSWORD, test } from "./support/test";
import { watch } from "./support/watch";

test("somebody signs up, makes a room; somebody else finds it, joins, and they chat", async ({
	browser,
	server,
	problems,
	person,
}) => {
	const context = await browser.newContext({ baseURL: server.url });
	await watch(context, problems);
	const page = await context.newPage();
	await page.goto("/");
	await page.getByRole("link", { name: "Sign up" }).click();
	const username = unique("ada");
	await page.getByLabel("Username").fill(username);
	await page.getByLabel("E-mail").fill(`${username}@example.org`);
	await page.getByLabel("Name that others see").fill("Ada");
	await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
	await page.getByRole("button", { name: "Sign up" }).click();

	await expect(page.getByText("No conversations yet")).toBeVisible();
	await page.getByRole("button", { name: "Create a room" }).click();
	const name = unique("release");
	await page.getByRole("dialog").getByLabel("Name").fill(name);
	await page.getByRole("button", { name: "Create room" }).click();
	await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();

	const bob = await person("Bob");
	await bob.page.goto("/");
	await bob.page.getByRole("button", { name: "Discover rooms" }).click();
	await bob.page.getByRole("button", { name: `Join ${name}` }).click();
	await bob.saySafely("Hello from Bob");

	await expect(page.getByRole("log").getByText("Hello from Bob")).toBeVisible();
	const composer = page.getByRole("main").getByRole("textbox");
	await composer.fill("Hello, **Bob**!");
	await composer.press("Enter");
	await expect(bob.message("Hello, Bob!").locator("strong")).toHaveText("Bob");
	await context.close();
});

test("an edit, a reaction, a deletion are seen by the other at once", async ({ person }) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await ada.account.createRoom("design");
	await bob.account.join(room);
	await ada.open(room);
	await bob.open(room);
	await ada.saySafely("It look calm");

	await ada.act("It look calm", "Edit");
	await expect(ada.composer).toHaveValue("It look calm");
	await ada.composer.fill("It looks calm");
	await ada.composer.press("Enter");
	await expect(bob.message("It looks calm")).toContainText("edited");

	await bob.act("It looks calm", "React");
	await bob.page.getByRole("button", { name: "React with 👍" }).click();
	const reaction = ada.message("It looks calm").getByRole("button", { name: /👍,.*Bob/ });
	await expect(reaction).toHaveText(/1/);
	await reaction.click();
	await expect(reaction).toHaveAttribute("aria-pressed", "true");
	await expect(bob.message("It looks calm").getByRole("button", { name: /👍/ })).toHaveText(/2/);

	await ada.choose("It looks calm", "Delete");
	await ada.page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
	await expect(bob.message("This message was deleted")).toBeVisible();
	await expect(bob.log).not.toContainText("It looks calm");
});

test("a reply leads to what it answers, far back in the history", async ({ person }) => {
	const ada = await person("Ada");
	const room = await ada.account.createRoom("long");
	const first = await ada.account.say(room, "the question of the first day");
	for (let n = 1; n <= 160; n++) await ada.account.say(room, `line ${n}`);
	await ada.account.say(room, "the answer", first);
	await ada.open(room);
	const answer = ada.message("the answer");
	await expect(answer).toBeInViewport();
	// What it answers isn't loaded with it; the line above it is asked for by itself.
	const own = ada.page.locator("[id$=-text]").filter({ hasText: "the question of the first day" });
	const question = ada.log.getByRole("article").filter({ has: own });
	await expect(answer).toContainText("the question of the first day");
	await expect(question).toHaveCount(0);
	await answer.getByRole("button", { name: "In reply to" }).click();
	await expect(question).toBeInViewport();
	await ada.page.getByRole("button", { name: "Jump to latest" }).click();
	await expect(answer).toBeInViewport();
});

test("what is unread is counted, shown in the list and the title, and gone once read", async ({
	person,
}) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await ada.account.createRoom("incidents");
	await bob.account.join(room);
	const quiet = await ada.account.createRoom("elsewhere");
	await ada.open(quiet);
	await bob.open(room);
	await bob.saySafely("one");
	await bob.saySafely("two");
	await expect(ada.row("incidents")).toContainText("2 unread messages");
	await bob.say(`@${ada.account.username} three`);
	await bob.isStored("@Ada three");
	await expect(ada.row("incidents")).toContainText("for you");
	await ada.row("incidents").click();
	await expect(ada.message("two")).toBeInViewport();
	await expect(ada.log.getByText("New", { exact: true })).toBeVisible();
	await expect(ada.row("incidents")).not.toContainText("unread");
	await expect(
		bob.message("three").getByRole("button", { name: "Seen by 1 person" }),
	).toBeVisible();
});

test("a direct conversation: presence, typing, and how far a message came", async ({ person }) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	await ada.page.goto("/");
	await ada.page.getByRole("button", { name: "Write to somebody" }).first().click();
	await ada.page.getByLabel("Name or username").fill(bob.account.username);
	await ada.page.getByRole("option", { name: /Bob/ }).click();
	await expect(ada.page.getByRole("heading", { name: "Bob", level: 1 })).toBeVisible();
	await expect(ada.page.getByRole("main").getByText("Offline")).toBeVisible();
	await ada.saySafely("Are you there?");

	await bob.page.goto("/");
	await expect(ada.page.getByRole("main").getByText("Online")).toBeVisible();
	await expect(bob.row("Ada")).toContainText("1 unread message for you");
	await bob.row("Ada").click();
	await expect(ada.message("Are you there?")).toContainText("Read");
	await bob.composer.pressSequentially("I am");
	await expect(ada.page.getByRole("main").getByText("Bob is typing…")).toBeVisible();
	await bob.composer.press("Enter");
	await expect(ada.message("I am")).toBeVisible();
	await expect(ada.page.getByRole("main").getByText("Bob is typing…")).toHaveCount(0);
});
