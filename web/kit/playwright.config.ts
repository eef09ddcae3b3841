import { defineConfig } from "@playwright/test";
import { CHROMIUM } from "../tests/chromium";
import { PAGES, SERVER } from "../tests/pages";

/** The kit's page in a browser: `npm run test:kit`. */
export default defineConfig({
	testDir: ".",
	testMatch: "*.spec.ts",
	outputDir: "../test-results/kit",
	fullyParallel: true,
	workers: 2,
	// What is slow once, on a busy machine, is told as flaky; what fails twice is broken.
	retries: 1,
	timeout: 60_000,
	use: { baseURL: PAGES, launchOptions: CHROMIUM },
	webServer: SERVER,
});
