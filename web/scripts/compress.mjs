// Compresses what was built, once and well, beside each file: the server sends the form that a
// browser takes. Run after `vite build`.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);

/** Images and fonts are compressed as they are. */
const COMPRESSIBLE = /\.(css|html|js|json|mjs|svg|txt|wasm|webmanifest)$/;

/** Smaller ones fit into one packet whatever is done. */
const FROM_BYTES = 1024;

const forms = {
	".br": (bytes) =>
		promisify(brotliCompress)(bytes, {
			params: {
				[constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
				[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
			},
		}),
	".gz": (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

async function compress(name) {
	const bytes = await readFile(new URL(name, dist));
	if (bytes.length < FROM_BYTES) return;
	for (const [suffix, form] of Object.entries(forms)) {
		const smaller = await form(bytes);
		if (smaller.length < bytes.length) await writeFile(new URL(name + suffix, dist), smaller);
	}
}

const files = await readdir(dist, { recursive: true });
await Promise.all(files.filter((name) => COMPRESSIBLE.test(name)).map(compress));
