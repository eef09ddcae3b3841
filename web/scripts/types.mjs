// Makes src/protocol/{http,frames}.d.ts and codes.ts from the server's own documents. With --check it
// writes nothing and fails where they differ.
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

/** The tables of codes: what a client does about each. */
function codes(asyncapi) {
	const errors = asyncapi["x-error-codes"].map(
		({ code, status, advice }) => `\t${code}: { status: ${status}, advice: "${advice}" },`,
	);
	const closes = asyncapi["x-close-codes"].map(({ code, advice }) => `\t${code}: "${advice}",`);
	return `import type { components } from "./frames";

type Frame = components["schemas"];
type Meaning = { status: number; advice: Frame["Advice"] };

/** What the server's errors mean for a client. */
export const ERROR_CODES: Record<Frame["ErrorCode"], Meaning> = {
${errors.join("\n")}
};

/** What to do after the server closed the socket. Codes that are not here count as \`resume\`. */
export const CLOSE_CODES: Readonly<Record<number, Frame["Advice"]>> = {
${closes.join("\n")}
};
`;
}

async function types(source) {
	return `\n${astToString(await openapiTS(source, { alphabetize: true }))}`;
}

async function make(name, made) {
	const text = `// Made from the server's documents by \`npm run types\`.\n${made}`;
	const file = new URL(name, target);
	const before = await readFile(file, "utf8").catch(() => "");
	if (before === text) return;
	if (check) {
		console.error(`${file.pathname} is not what the server's documents say: npm run types`);
		process.exit(1);
	}
	await writeFile(file, text);
}

const asyncapi = await document("asyncapi.json");
await make("http.d.ts", await types(await document("openapi.json")));
await make("frames.d.ts", await types(framed(asyncapi)));
await make("codes.ts", `\n${codes(asyncapi)}`);
