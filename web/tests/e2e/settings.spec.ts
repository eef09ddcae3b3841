import { Account, expect, PASSWORD, test } from "./support/test";

test("a new password ends the other sessions, and is the one that counts", async ({ person }) => {
	const ada = await person("Ada");
	await ada.page.goto("/settings/account");
	await ada.page.getByLabel("Current password").fill("not this one");
	await ada.page.getByLabel("New password").fill("another good password");
	await ada.page.getByRole("button", { name: "Change password" }).click();
	await expect(ada.page.getByText("This is not your current password.")).toBeVisible();
	await ada.page.getByLabel("Current password").fill(PASSWORD);
	await ada.page.getByRole("button", { name: "Change password" }).click();
	await expect(ada.page.getByText("Your password is changed.")).toBeVisible();
	await expect(ada.account.ask("GET", "/me")).rejects.toThrow("session_ended");
	await ada.page.reload();
	await expect(ada.page.getByText(`@${ada.account.username}`)).toBeVisible();
	await ada.menu("Log out");
	await ada.logIn();
	await expect(ada.page.getByText("The name or the password is wrong.")).toBeVisible();
	await ada.page.getByLabel("Password", { exact: true }).fill("another good password");
	await ada.page.getByRole("button", { name: "Log in" }).click();
	await expect(ada.page.getByText("No conversations yet")).toBeVisible();
});

test("sessions are listed, and ended one by one", async ({ person }) => {
	const ada = await person("Ada");
	await ada.page.goto("/settings/sessions");
	const sessions = ada.page.getByRole("list", { name: "Your sessions" }).getByRole("listitem");
	await expect(sessions).toHaveCount(2);
	await expect(sessions.first()).toContainText("This device");
	await sessions.last().getByRole("button", { name: "End" }).click();
	await expect(sessions).toHaveCount(1);
	await expect(ada.account.ask("GET", "/me")).rejects.toThrow("session_ended");
	await expect(ada.page.getByText("You are logged in nowhere else.")).toBeVisible();
});

test("the list of sessions follows what happens elsewhere", async ({ person }) => {
	const ada = await person("Ada");
	await ada.page.goto("/settings/sessions");
	const sessions = ada.page.getByRole("list", { name: "Your sessions" }).getByRole("listitem");
	await expect(sessions).toHaveCount(2);
	const elsewhere = await Account.logIn(ada.account.url, ada.account);
	await ada.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
	await expect(sessions).toHaveCount(3);
	await elsewhere.ask("POST", "/auth/logout");
	await expect(sessions).toHaveCount(2);
});

test("language and colours are chosen, and kept", async ({ person }) => {
	const ada = await person("Ada");
	await ada.page.goto("/settings/appearance");
	await ada.page.getByRole("radio", { name: "Dark" }).check();
	const background = () =>
		ada.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
	await expect.poll(background).toBe("rgb(16, 20, 24)");
	await ada.page.getByLabel("Language").selectOption("de");
	await expect(ada.page.getByRole("heading", { name: "Einstellungen" })).toBeVisible();
	await ada.page.reload();
	await expect(ada.page.getByRole("heading", { name: "Einstellungen" })).toBeVisible();
	await expect(ada.page.locator("html")).toHaveAttribute("lang", "de");
	await expect.poll(background).toBe("rgb(16, 20, 24)");
});
