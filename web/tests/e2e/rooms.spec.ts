import { expect, test } from "./support/test";

test("an owner makes an admin, removes somebody, hands the room over, and leaves", async ({
	person,
}) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const eve = await person("Eve");
	const room = await ada.account.createRoom("office", "private");
	await ada.account.add(room, bob.account);
	await ada.account.add(room, eve.account);
	await ada.open(room);
	await bob.open(room);
	await eve.open(room);
	const { details, page } = ada;

	await details.getByRole("button", { name: "Actions for Bob" }).click();
	await page.getByRole("menuitem", { name: "Make admin" }).click();
	await expect(bob.log.getByText("Ada made Bob an admin")).toBeVisible();
	await expect(details.getByRole("listitem").filter({ hasText: "Bob" })).toContainText("admin");

	await details.getByRole("button", { name: "Actions for Eve" }).click();
	await page.getByRole("menuitem", { name: "Remove from the room" }).click();
	await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
	await expect(eve.page.getByText("You are not in this room any more")).toBeVisible();
	await expect(details.getByText("People · 2")).toBeVisible();

	await details.getByRole("button", { name: "Leave", exact: true }).click();
	await expect(page.getByRole("dialog").getByText("Hand it over to somebody first")).toBeVisible();
	await page.keyboard.press("Escape");
	await details.getByRole("button", { name: "Actions for Bob" }).click();
	await page.getByRole("menuitem", { name: "Hand the room over" }).click();
	await page.getByRole("alertdialog").getByRole("button", { name: "Hand over" }).click();
	await expect(details.getByRole("listitem").filter({ hasText: "Bob" })).toContainText("owner");

	await details.getByRole("button", { name: "Leave", exact: true }).click();
	await page.getByRole("alertdialog").getByRole("button", { name: "Leave" }).click();
	await expect(page.getByText("You left office.")).toBeVisible();
	await expect(ada.row("office")).toHaveCount(0);
	await expect(bob.log.getByText("Ada left")).toBeVisible();
});

test("a room is renamed and described, and everybody sees it", async ({ person }) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await ada.account.createRoom("draft name");
	await bob.account.join(room);
	await ada.open(room);
	await bob.open(room);
	await ada.details.getByRole("button", { name: "Edit", exact: true }).click();
	const dialog = ada.page.getByRole("dialog");
	await dialog.getByLabel("Name").fill("good name");
	await dialog.getByLabel("What is it for?").fill("For what is good.");
	await dialog.getByRole("button", { name: "Save" }).click();
	await expect(bob.page.getByRole("heading", { name: "good name", level: 1 })).toBeVisible();
	await expect(bob.row("good name")).toBeVisible();
	await expect(bob.details.getByText("For what is good.")).toBeVisible();
	await expect(bob.details.getByRole("button", { name: "Edit", exact: true })).toHaveCount(0);
});

test("a private room: only those who are added find it", async ({ person }) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await ada.account.createRoom("founders", "private");
	await bob.page.goto(`/r/${room}`);
	await expect(
		bob.page.getByRole("heading", { name: "This conversation is not open to you", level: 2 }),
	).toBeVisible();
	await ada.open(room);
	await ada.details.getByRole("button", { name: "Add somebody" }).click();
	await ada.page.getByLabel("Name or username").fill(bob.account.username);
	await ada.page.getByRole("option", { name: /Bob/ }).click();
	await expect(ada.page.getByText("Bob is in the room now.")).toBeVisible();
	await expect(bob.row("founders")).toBeVisible();
	await bob.row("founders").click();
	await bob.saySafely("Thank you");
});

test("a room is deleted for everybody, once its name was typed", async ({ person }) => {
	const ada = await person("Ada");
	const bob = await person("Bob");
	const room = await ada.account.createRoom("short lived");
	await bob.account.join(room);
	await ada.open(room);
	await bob.open(room);
	await ada.details.getByRole("button", { name: "Delete", exact: true }).click();
	const dialog = ada.page.getByRole("alertdialog");
	const confirm = dialog.getByRole("button", { name: "Delete for everybody" });
	await expect(confirm).toBeDisabled();
	await dialog.getByLabel("Type the room").fill("short lived");
	await confirm.click();
	await expect(ada.page.getByText("short lived is deleted.")).toBeVisible();
	await expect(ada.row("short lived")).toHaveCount(0);
	await expect(bob.page.getByText("This room was deleted")).toBeVisible();
});
