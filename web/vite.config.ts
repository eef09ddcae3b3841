import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { emoji } from "./scripts/emoji/plugin.ts";

/** `npm run dev` beside a server on this address. */
const server = process.env.STARLING_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
	plugins: [react(), emoji(["en", "de", "fr", "es", "ar"])],
	build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0 },
	server: { proxy: { "/api": { target: server, ws: true } } },
	test: { environment: "happy-dom", include: ["tests/unit/**/*.test.{ts,tsx}"] },
});
