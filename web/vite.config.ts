import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";
import { emoji } from "./scripts/emoji/plugin.ts";

/** `npm run dev` beside a server on this address. */
const server = process.env.STARLING_SERVER ?? "http://127.0.0.1:8080";

/** The worker is our own, and so are its registration (`src/app/update.ts`) and the manifest. */
const pwa = VitePWA({
	strategies: "injectManifest",
	srcDir: "src/app",
	filename: "sw.ts",
	injectRegister: false,
	manifest: false,
	injectManifest: {
		globPatterns: ["**/*.{js,css,html,svg,webmanifest}"],
		rollupFormat: "iife",
	},
});

export default defineConfig({
	plugins: [react(), emoji(["en", "de", "fr", "es", "ar"]), pwa],
	build: {
		target: "es2022",
		// The first ones with `light-dark()`.
		cssTarget: ["chrome123", "firefox120", "safari17.5"],
		sourcemap: false,
		assetsInlineLimit: 0,
	},
	resolve: {
		alias: { entities: fileURLToPath(new URL("src/ui/markdown/noEntities.ts", import.meta.url)) },
	},
	server: { proxy: { "/api": { target: server, ws: true } } },
	test: {
		environment: "happy-dom",
		// A busy machine takes its time; no test waits for this.
		testTimeout: 120_000,
		hookTimeout: 120_000,
		include: ["tests/unit/**/*.test.{ts,tsx}"],
		// Tested as it is built, with what stands in for `entities`.
		server: { deps: { inline: ["markdown-it"] } },
	},
});
