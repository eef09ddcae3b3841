// Makes src/protocol/{http,frames}.d.ts from the server's own documents. With --check it writes
// nothing and fails where they differ.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const docs = new URL("../../docs/", import.meta.url);
const target = new URL("../src/protocol/", import.meta.url);
const check = process.argv.includes("--check");

async function document(name) {
	return JSON.parse(await readFile(new URL(name, docs), "utf8"));
}

/** The schemas of the socket's frames, in the clothes of an OpenAPI document. */
function framed(asyncapi) {
	const text = JSON.stringify({ schemas: asyncapi.components.schemas });
	return {
		openapi: "3.1.0",
		info: { title: "frames", version: asyncapi.info.version },
		paths: {},
		components: JSON.parse(text),
	};
}

async function make(name, source) {
	const head = `// Made from the server's documents by \`npm run types\`.\n\n`;
	const text = head + astToString(await openapiTS(source, { alphabetize: true }));
	const file = new URL(name, target);
	const before = await readFile(file, "utf8").catch(() => "");
	if (before === text) return;
	if (check) {
		console.error(`${file.pathname} is not what the server's documents say: npm run types`);
		process.exit(1);
	}
	await writeFile(file, text);
}

await make("http.d.ts", await document("openapi.json"));
await make("frames.d.ts", framed(await document("asyncapi.json")));
