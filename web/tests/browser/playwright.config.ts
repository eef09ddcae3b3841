import { defineConfig } from "@playwright/test";

/** Parts of the client in a real browser, without a server behind them. */
export default defineConfig({
	testDir: ".",
	outputDir: "../../test-results",
	workers: 1,
	timeout: 90_000,
	reporter: "list",
	use: {
		baseURL: "http://127.0.0.1:5971",
		viewport: { width: 1_000, height: 700 },
		launchOptions: {
			executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
			args: [
				"--no-sandbox",
				"--disable-gpu",
				"--disable-background-networking",
				"--disable-component-update",
				"--disable-sync",
			],
		},
	},
	webServer: {
		command: "npx vite --port 5971 --strictPort --host 127.0.0.1",
		cwd: "../..",
		url: "http://127.0.0.1:5971/tests/pages/room.html",
		reuseExistingServer: true,
	},
});
