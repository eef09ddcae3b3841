import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

const SCENES = ["", "offline", "refused", "empty", "failed", "outsider", "deleted"];

for (const scene of SCENES) {
	for (const [theme, lang, width] of [
		["light", "en", 1_200],
		["dark", "ar", 360],
	] as const) {
		test(`axe finds nothing: ${scene || "messages"}, ${theme}, ${lang}, ${width} px`, async ({
			page,
		}) => {
			await page.setViewportSize({ width, height: 760 });
			const asked = new URLSearchParams({ scene, theme, lang, unread: scene === "" ? "5" : "0" });
			if (scene === "failed") asked.set("loaded", "0");
			await page.goto(`/tests/pages/room.html?${asked}`);
			await page.locator("section > *").first().waitFor();
			await page.waitForTimeout(600);
			const found = await new AxeBuilder({ page }).analyze();
			const words = found.violations.map((it) => `${it.id}: ${it.nodes[0]?.html.slice(0, 200)}`);
			expect(words).toEqual([]);
			const wide = await page.evaluate(() => document.documentElement.scrollWidth);
			expect(wide).toBeLessThanOrEqual(width);
		});
	}
}

test("axe finds nothing while a menu, a dialog and suggestions are open", async ({ page }) => {
	// What fades in has another contrast for a moment.
	await page.emulateMedia({ reducedMotion: "reduce" });
	await page.goto("/tests/pages/room.html");
	const last = page.getByRole("article").last();
	await last.hover();
	await page.getByRole("button", { name: "More" }).click();
	await page.getByRole("menuitem", { name: "Copy link" }).waitFor();
	const check = async () => {
		// The guards that keep the focus in a popup are empty.
		const found = await new AxeBuilder({ page }).exclude("[data-focus-trap]").analyze();
		expect(found.violations.map((it) => `${it.id}: ${it.nodes[0]?.html}`)).toEqual([]);
	};
	await check();
	await page.getByRole("menuitem", { name: "Who has seen it" }).click();
	await page.getByRole("dialog").getByText("Ines").waitFor();
	await check();
	await page.keyboard.press("Escape");
	await page.getByRole("textbox").pressSequentially("@");
	await page.getByRole("listbox").waitFor();
	await check();
});
