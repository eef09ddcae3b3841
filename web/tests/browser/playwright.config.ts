import { defineConfig } from "@playwright/test";
import { CHROMIUM } from "../chromium";
import { PAGES, SERVER } from "../pages";

/** Parts of the client in a real browser, without a server behind them: `npm run test:browser`. */
export default defineConfig({
	testDir: ".",
	outputDir: "../../test-results/browser",
	fullyParallel: true,
	workers: 2,
	// What is slow once, on a busy machine, is told as flaky; what fails twice is broken.
	retries: 1,
	timeout: 90_000,
	reporter: "list",
	use: {
		baseURL: PAGES,
		viewport: { width: 1_000, height: 700 },
		launchOptions: CHROMIUM,
	},
	webServer: SERVER,
});
