import { Account, expect, test } from "./support/test";

test("whatever the sheet of shortcuts lists does what it says", async ({ person, server }) => {
	const ada = await person("Ada");
	const bob = await Account.register(server.url, "Bob");
	const first = await ada.account.createRoom("first");
	const second = await ada.account.createRoom("second");
	for (const room of [first, second]) await bob.join(room);
	await bob.say(second, "a question");
	await bob.say(first, "unread here");
	const { page } = ada;
	const { keyboard } = page;
	await ada.open(second);
	await expect(ada.message("a question")).toBeVisible();
	await ada.saySafely("an own one");

	const heading = (name: string) => page.getByRole("heading", { name, level: 1 });
	const dialog = (name: string) => page.getByRole("dialog", { name });
	const onMessage = async (text: string) => {
		await ada.message(text).focus();
		await expect(ada.message(text)).toBeFocused();
	};
	const shows = (name: string) => async () => {
		await expect(dialog(name)).toBeVisible();
		await keyboard.press("Escape");
		await expect(page.getByRole("dialog")).toHaveCount(0);
	};

	await ada.composer.blur();
	await keyboard.press("?");
	const sheet = dialog("Keyboard shortcuts");
	await expect(sheet).toBeVisible();
	const lines = await sheet.locator("dl > div").evaluateAll((them) =>
		them.map((it) => {
			const keys = [...it.querySelectorAll("dd > span")];
			const combination = (of: Element) =>
				[...of.querySelectorAll("kbd")].map((key) => key.textContent).join("+");
			return [it.querySelector("dt")?.textContent ?? "", keys.map(combination).join(" ")];
		}),
	);
	await keyboard.press("Escape");
	await expect(page.getByRole("dialog")).toHaveCount(0);
	const listed = Object.fromEntries(lines);

	const tested: Record<string, { keys: string; try: () => Promise<void> }> = {
		"Find or jump to": {
			keys: "Ctrl+K",
			try: async () => {
				await keyboard.press("Control+k");
				await shows("Find or jump to")();
			},
		},
		"Write to somebody": {
			keys: "Ctrl+Shift+M",
			try: async () => {
				await keyboard.press("Control+Shift+M");
				await shows("Write to somebody")();
			},
		},
		"Show this sheet": {
			keys: "?",
			try: async () => {
				await ada.composer.blur();
				await keyboard.press("Shift+?");
				await shows("Keyboard shortcuts")();
			},
		},
		"Next conversation": {
			keys: "Alt+↓",
			try: async () => {
				await keyboard.press("Alt+ArrowDown");
				await expect(heading("first")).toBeVisible();
			},
		},
		"Previous conversation": {
			keys: "Alt+↑",
			try: async () => {
				await keyboard.press("Alt+ArrowUp");
				await expect(heading("second")).toBeVisible();
				// From an empty composer as well, where the arrow alone edits.
				await ada.composer.focus();
				await keyboard.press("Alt+ArrowUp");
				await expect(heading("first")).toBeVisible();
				await ada.open(second);
			},
		},
		"Next unread conversation": {
			keys: "Alt+Shift+↓",
			try: async () => {
				await bob.say(first, "unread again");
				await expect(ada.row("first")).toContainText("unread message");
				await keyboard.press("Alt+Shift+ArrowDown");
				await expect(heading("first")).toBeVisible();
			},
		},
		"Previous unread conversation": {
			keys: "Alt+Shift+↑",
			try: async () => {
				await bob.say(second, "unread as well");
				await expect(ada.row("second")).toContainText("unread message");
				await keyboard.press("Alt+Shift+ArrowUp");
				await expect(heading("second")).toBeVisible();
			},
		},
		"Show or hide details": {
			keys: "Ctrl+.",
			try: async () => {
				const before = await ada.details.isVisible();
				await keyboard.press("Control+.");
				await expect(ada.details).toBeVisible({ visible: !before });
				await keyboard.press("Control+.");
				await expect(ada.details).toBeVisible({ visible: before });
			},
		},
		Settings: {
			keys: "Ctrl+,",
			try: async () => {
				await keyboard.press("Control+,");
				await expect(heading("Settings")).toBeVisible();
			},
		},
		Back: {
			keys: "Esc",
			try: async () => {
				await keyboard.press("Escape");
				await expect(heading("second")).toBeVisible();
			},
		},
		"Previous or next message": {
			keys: "↑ ↓",
			try: async () => {
				await onMessage("an own one");
				await keyboard.press("ArrowUp");
				await expect(ada.message("a question")).toBeFocused();
				await keyboard.press("ArrowDown");
				await expect(ada.message("an own one")).toBeFocused();
			},
		},
		"Reply to the message": {
			keys: "R",
			try: async () => {
				await onMessage("a question");
				await keyboard.press("r");
				await expect(page.getByText("Reply to Bob")).toBeVisible();
				await expect(ada.composer).toBeFocused();
				await keyboard.press("Escape");
			},
		},
		"Edit the message": {
			keys: "E",
			try: async () => {
				await onMessage("an own one");
				await keyboard.press("e");
				await expect(ada.composer).toHaveValue("an own one");
				await keyboard.press("Escape");
				await expect(ada.composer).toHaveValue("");
			},
		},
		"React to the message": {
			keys: "+",
			try: async () => {
				// As a German keyboard has it, and as an American one.
				for (const keys of ["+", "Shift++"]) {
					await onMessage("a question");
					await keyboard.press(keys);
					await expect(page.getByRole("button", { name: "React with 👍" })).toBeVisible();
					await keyboard.press("Escape");
					await expect(page.getByRole("button", { name: "React with 👍" })).toHaveCount(0);
				}
			},
		},
		"Delete the message": {
			keys: "Delete",
			try: async () => {
				await onMessage("an own one");
				await keyboard.press("Delete");
				await expect(page.getByRole("alertdialog")).toBeVisible();
				await keyboard.press("Escape");
				await expect(page.getByRole("alertdialog")).toHaveCount(0);
			},
		},
		"Back to writing": {
			keys: "Esc",
			try: async () => {
				await onMessage("a question");
				await keyboard.press("Escape");
				await expect(ada.composer).toBeFocused();
			},
		},
		"Edit your last message": {
			keys: "↑",
			try: async () => {
				await ada.composer.focus();
				await keyboard.press("ArrowUp");
				await expect(ada.composer).toHaveValue("an own one");
				await keyboard.press("Escape");
			},
		},
		"New line": {
			keys: "Shift+Enter",
			try: async () => {
				await ada.composer.focus();
				await keyboard.type("one");
				await keyboard.press("Shift+Enter");
				await keyboard.type("two");
				await expect(ada.composer).toHaveValue("one\ntwo");
			},
		},
		Send: {
			keys: "Enter",
			try: async () => {
				await keyboard.press("Enter");
				await ada.isStored("two");
			},
		},
	};
	const keys = Object.entries(tested).map(([label, it]) => [label, it.keys]);
	expect(listed).toEqual(Object.fromEntries(keys));
	for (const [label, it] of Object.entries(tested)) await test.step(label, it.try);
});
