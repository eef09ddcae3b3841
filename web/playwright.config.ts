import { defineConfig } from "@playwright/test";
import { CHROMIUM } from "./tests/chromium";

/**
 * The client that was built (`npm run build`), from the real server, in a real browser. The server's
 * binary is `STARLING_BIN`, or the one that Cargo built last.
 */
export default defineConfig({
	testDir: "tests",
	projects: ["e2e", "smoke", "screenshots", "measure"].map((name) => ({
		name,
		testDir: `tests/${name}`,
	})),
	outputDir: "test-results",
	fullyParallel: true,
	workers: 2,
	// What is slow once, on a busy machine, is told as flaky; what fails twice is broken.
	retries: 1,
	forbidOnly: Boolean(process.env.CI),
	timeout: 90_000,
	expect: { timeout: 20_000 },
	reporter: "list",
	use: {
		locale: "en-GB",
		timezoneId: "Europe/Vienna",
		colorScheme: "light",
		viewport: { width: 1280, height: 800 },
		actionTimeout: 20_000,
		trace: "retain-on-failure",
		launchOptions: CHROMIUM,
	},
});
