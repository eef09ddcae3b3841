import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";

async function open(page: Page, { theme = "light", language = "en" } = {}) {
	await page.goto(`/kit.html?theme=${theme}&language=${language}`);
	await page.getByRole("gridcell").first().waitFor();
}

async function expectNoFindings(page: Page) {
	const { violations } = await new AxeBuilder({ page }).analyze();
	expect(violations.map((it) => `${it.id}: ${it.nodes[0]?.target}`)).toEqual([]);
}

const section = (page: Page, title: string) =>
	page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

for (const theme of ["light", "dark"]) {
	for (const [language, width] of [
		["en", 1440],
		["ar", 360],
		["de", 320],
	] as const) {
		test(`${theme}, ${language}, ${width} px: axe finds nothing, and nothing is wider`, async ({
			page,
		}) => {
			await page.setViewportSize({ width, height: 800 });
			await open(page, { theme, language });
			await expectNoFindings(page);
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
		});
	}
}

test("what is opened has no findings either", async ({ page }) => {
	await open(page);
	const floating = section(page, "Menus, dialogs, popovers");
	for (const [name, role] of [
		["More", "menu"],
		["Dialog", "dialog"],
		["Confirm", "alertdialog"],
		["React", "dialog"],
	] as const) {
		await floating.getByRole("button", { name, exact: true }).click();
		await expect(page.getByRole(role)).toBeVisible();
		await page.waitForTimeout(400);
		await expectNoFindings(page);
		await page.keyboard.press("Escape");
		await expect(page.getByRole(role)).toHaveCount(0);
		await expect(floating.getByRole("button", { name, exact: true })).toBeFocused();
	}
});

test("a menu is gone through by keys, and left by Tab", async ({ page }) => {
	await open(page);
	const floating = section(page, "Menus, dialogs, popovers");
	const more = floating.getByRole("button", { name: "More" });
	await more.focus();
	await page.keyboard.press("Enter");
	await expect(page.getByRole("menuitem", { name: "Reply" })).toBeFocused();
	await page.keyboard.press("ArrowDown");
	await expect(page.getByRole("menuitem", { name: "Edit" })).toBeFocused();
	await page.keyboard.press("d");
	await expect(page.getByRole("menuitem", { name: "Delete" })).toBeFocused();
	await page.keyboard.press("Tab");
	await expect(page.getByRole("menu")).toHaveCount(0);
	await expect(more).toBeFocused();
	await page.keyboard.press("ArrowDown");
	await expect(page.getByRole("menuitem", { name: "Reply" })).toBeFocused();
});

test("a tooltip comes to the pointer and to the focus, and goes with Esc", async ({ page }) => {
	await open(page);
	const search = section(page, "Buttons").getByRole("button", { name: "Find or jump to" });
	const tooltip = page.locator("[popover]");
	await search.hover();
	await expect(tooltip).toHaveText("Find or jump toCtrlK");
	await page.keyboard.press("Escape");
	await expect(tooltip).toHaveCount(0);
});

for (const [language, onward] of [
	["en", "ArrowRight"],
	["ar", "ArrowLeft"],
] as const) {
	test(`arrow keys go where they point among the emoji in ${language}`, async ({ page }) => {
		await open(page, { language });
		await page.getByRole("searchbox").focus();
		await page.keyboard.press("ArrowDown");
		await page.keyboard.press(onward);
		await expect(page.locator("[data-active]").last()).toHaveAttribute("aria-colindex", "2");
	});
}

for (const [language, word] of [
	["en", "rocket"],
	["de", "rakete"],
	["fr", "fusée"],
	["es", "cohete"],
	["ar", "صاروخ"],
] as const) {
	test(`an emoji is found by its name in ${language}`, async ({ page }) => {
		await open(page, { language });
		await page.getByRole("searchbox").fill(word);
		await expect(page.getByRole("gridcell").filter({ hasText: /^🚀$/ })).toBeVisible();
	});
}

test("fingers have at least 44 px to touch", async ({ browser }) => {
	const context = await browser.newContext({
		viewport: { width: 360, height: 740 },
		hasTouch: true,
		isMobile: true,
	});
	const page = await context.newPage();
	await open(page);
	const small = await page
		.locator("button:visible:not([role=gridcell]), input[type=text]:visible, select:visible")
		.evaluateAll((them) =>
			them
				.filter((it) => !it.closest("p"))
				.map((it) => ({ name: it.ariaLabel ?? it.textContent, box: it.getBoundingClientRect() }))
				.filter(({ box }) => box.height < 43.5 || box.width < 43.5)
				.map(({ name, box }) => `${name} ${box.width}x${box.height}`),
		);
	expect(small).toEqual([]);
	await context.close();
});
