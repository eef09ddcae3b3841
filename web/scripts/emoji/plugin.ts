// Gives the picker's data to the browser from the same origin, as one file a language.
// `import urls from "virtual:emoji-data"` is their addresses.
import { createHash } from "node:crypto";
import type { Plugin } from "vite";
import { emojiData } from "./data.ts";

const NAME = "virtual:emoji-data";
const RESOLVED = `\0${NAME}`;

interface File {
	language: string;
	path: string;
	text: string;
}

async function file(language: string): Promise<File> {
	const text = JSON.stringify(await emojiData(language));
	const hash = createHash("sha256").update(text).digest("base64url").slice(0, 8);
	return { language, path: `assets/emoji-${language}-${hash}.json`, text };
}

export function emoji(languages: readonly string[]): Plugin {
	let made: Promise<File[]> | undefined;
	const files = () => {
		made ??= Promise.all(languages.map(file));
		return made;
	};
	return {
		name: "starling:emoji",
		resolveId: (id) => (id === NAME ? RESOLVED : undefined),
		async load(id) {
			if (id !== RESOLVED) return;
			const urls = (await files()).map((it) => [it.language, `/${it.path}`]);
			return `export default ${JSON.stringify(Object.fromEntries(urls))}`;
		},
		async generateBundle() {
			for (const { path, text } of await files()) {
				this.emitFile({ type: "asset", fileName: path, source: text });
			}
		},
		configureServer(server) {
			server.middlewares.use(async (request, response, next) => {
				const wanted = (await files()).find((it) => `/${it.path}` === request.url);
				if (!wanted) return next();
				response.setHeader("Content-Type", "application/json");
				response.end(wanted.text);
			});
		},
	};
}
