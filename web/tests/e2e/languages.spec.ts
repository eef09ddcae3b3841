import { expect, test } from "./support/test";

const LANGUAGES = {
	de: { logIn: "Anmelden", dir: "ltr" },
	fr: { logIn: "connecter", dir: "ltr" },
	es: { logIn: "sesión", dir: "ltr" },
	ar: { logIn: "", dir: "rtl" },
} as const;

for (const [locale, { dir }] of Object.entries(LANGUAGES)) {
	test(`a browser that speaks ${locale} is spoken to in it, everywhere`, async ({ person }) => {
		const ada = await person("Ada", { context: { locale } });
		const room = await ada.account.createRoom("sprachen");
		await ada.account.say(room, "hello");
		for (const path of ["/", `/r/${room}`, "/discover", "/settings/appearance"]) {
			await ada.page.goto(path);
			await expect(ada.page.locator("html")).toHaveAttribute("lang", locale);
			await expect(ada.page.locator("html")).toHaveAttribute("dir", dir);
			const pane = ada.page.getByRole("main");
			await expect(pane.getByRole("heading").or(pane.getByRole("button")).first()).toBeVisible();
			const text = await ada.page.locator("body").innerText();
			expect(text).not.toMatch(/\b(Conversations|Find or jump to|Settings|Create a room)\b/);
			expect(text, "no key stands where a sentence belongs").not.toMatch(
				/\b[a-z_]+\.[a-z_]+\.[a-z_]+\b/,
			);
			expect(text).not.toMatch(/\{\{|\}\}/);
		}
	});
}

test("in Arabic everything is mirrored, and nothing runs over", async ({ person }) => {
	const ada = await person("Ada", { context: { locale: "ar" } });
	const room = await ada.account.createRoom("مرحبا");
	await ada.account.say(room, "أهلا وسهلا بكم");
	await ada.account.say(room, "and a line from left to right, with `code`");
	await ada.page.goto(`/r/${room}`);
	await expect(ada.log.getByText("أهلا وسهلا بكم")).toBeVisible();
	const box = async (pane: string) => {
		const it = await ada.page.locator(`[data-pane=${pane}]`).boundingBox();
		return it ?? { x: 0, width: 0 };
	};
	const [list, main, details] = [await box("list"), await box("main"), await box("details")];
	expect(list.x).toBeGreaterThan(main.x);
	expect(main.x).toBeGreaterThan(details.x);
	for (const width of [320, 360, 1280]) {
		await ada.page.setViewportSize({ width, height: 740 });
		const over = await ada.page.evaluate(
			() => document.documentElement.scrollWidth - document.documentElement.clientWidth,
		);
		expect(over).toBe(0);
	}
});

test("who wants no motion gets none", async ({ person }) => {
	const ada = await person("Ada", { context: { reducedMotion: "reduce" } });
	await ada.page.goto("/");
	await expect(ada.page.getByText("No conversations yet")).toBeVisible();
	await ada.page.evaluate(() => {
		const seen: string[] = [];
		Object.assign(window, { seen });
		const frame = () => {
			for (const it of document.getAnimations()) {
				const time = it.effect?.getComputedTiming().duration;
				if (typeof time === "number" && time > 1) seen.push(`${it.id || "animation"} ${time}`);
			}
			requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	});
	await ada.page.getByRole("button", { name: "Create a room" }).click();
	await ada.page.getByRole("dialog").getByLabel("Name").fill("still");
	await ada.page.getByRole("button", { name: "Create room" }).click();
	await ada.saySafely("hello");
	await ada.act("hello", "More");
	await expect(ada.page.getByRole("menuitem").first()).toBeVisible();
	expect(await ada.page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual([]);
});
