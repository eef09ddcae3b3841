import { defineConfig } from "@playwright/test";

const PORT = 4_199;

/** The kit's page in a browser: `npm run test:kit`. */
export default defineConfig({
	testDir: ".",
	testMatch: "*.spec.ts",
	outputDir: "../test-results/kit",
	workers: 1,
	timeout: 60_000,
	use: {
		baseURL: `http://127.0.0.1:${PORT}`,
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
		command: `npx vite --host 127.0.0.1 --port ${PORT} --strictPort`,
		cwd: "..",
		url: `http://127.0.0.1:${PORT}/kit.html`,
		reuseExistingServer: false,
	},
});
