/** What the first load weighs. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { DIST } from "./support/server";
import { expect, test } from "./support/test";

/** Compressed bytes of script that the first page may need. */
const MOST_SCRIPT = 200_000;

const kb = (bytes: number) => `${(bytes / 1_000).toFixed(1).padStart(7)} kB`;

test("the script of the first page is light", async () => {
	const page = await readFile(join(DIST, "index.html"), "utf8");
	const names = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)];
	const sum = { js: { plain: 0, gzip: 0, brotli: 0 }, css: { plain: 0, gzip: 0, brotli: 0 } };
	for (const [, name = ""] of names) {
		const bytes = await readFile(join(DIST, name));
		const of = name.endsWith(".js") ? sum.js : sum.css;
		of.plain += bytes.length;
		of.gzip += gzipSync(bytes, { level: 9 }).length;
		of.brotli += brotliCompressSync(bytes).length;
	}
	for (const [kind, { plain, gzip, brotli }] of Object.entries(sum)) {
		console.log(`${kind.padEnd(4)} plain${kb(plain)}  gzip${kb(gzip)}  brotli${kb(brotli)}`);
	}
	expect(sum.js.gzip).toBeLessThan(MOST_SCRIPT);
});
