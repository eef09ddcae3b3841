// Checks the messages of every language against the English ones, and against the program: it fails
// where a key, a plural form or a placeholder is missing or superfluous, a message is empty, or a key
// is used nowhere.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ENGLISH = "en";
const PLURAL = /^(.+)_(zero|one|two|few|many|other)$/;
const CODE = /\.tsx?$/;

/** `{ a: { b: "c" } }` as `a.b` -> `c`. */
export function flatten(messages, path = "") {
	return Object.entries(messages).flatMap(([name, value]) => {
		const key = path ? `${path}.${name}` : name;
		return typeof value === "object" && value !== null ? flatten(value, key) : [[key, value]];
	});
}

/** `{{name}}`, `{{count, number}}` and `<0>`: what a translation has to hold, too. */
function placeholders(text) {
	const names = [...text.matchAll(/\{\{-?\s*([\w.]+)[^}]*\}\}/g)].map((it) => `{{${it[1]}}}`);
	return new Set([...names, ...[...text.matchAll(/<\/?([\w]+)\s*\/?>/g)].map((it) => it[0])]);
}

/** Each message by the key that the program uses, with its forms: `""` where it has no number. */
function byKey(messages) {
	const keys = new Map();
	for (const [full, text] of flatten(messages)) {
		const [, key = full, form = ""] = PLURAL.exec(full) ?? [];
		if (!keys.has(key)) keys.set(key, new Map());
		keys.get(key).set(form, text);
	}
	return keys;
}

function differences(name, expected, found) {
	const lacks = [...expected]
		.filter((it) => !found.has(it))
		.map((it) => `${name}: ${it} is missing`);
	const extra = [...found]
		.filter((it) => !expected.has(it))
		.map((it) => `${name}: ${it} is superfluous`);
	return [...lacks, ...extra];
}

/** What is wrong with one namespace in one language. */
export function check(name, language, english, messages) {
	const source = byKey(english);
	const target = byKey(messages);
	const wrong = differences(name, new Set(source.keys()), new Set(target.keys()));
	const plurals = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
	for (const [key, texts] of target) {
		const originals = source.get(key);
		if (!originals) continue;
		const place = `${name}: ${key}`;
		const counted = originals.has("other");
		wrong.push(...differences(place, new Set(counted ? plurals : [""]), new Set(texts.keys())));
		const expected = placeholders(originals.get(counted ? "other" : "") ?? "");
		for (const [form, text] of texts) {
			const at = form ? `${place}_${form}` : place;
			if (typeof text !== "string" || text.trim() === "") wrong.push(`${at} is empty`);
			else wrong.push(...differences(at, expected, placeholders(text)).filter(unlessCount(form)));
		}
	}
	return wrong;
}

/** A form for one number alone may say the number in words: "one message". */
function unlessCount(form) {
	const alone = ["zero", "one", "two"].includes(form);
	return (it) => !(alone && it.endsWith("{{count}} is missing"));
}

/** Keys that no string of the program says. A template says every key that begins like it. */
export function unused(name, english, code) {
	const keys = [...byKey(english).keys()];
	const said = new Set([...code.matchAll(/["'`]([\w.:-]+)["'`]/g)].map((it) => it[1]));
	const begun = [...code.matchAll(/`(?:(\w+):)?([\w.-]*)\$\{/g)].filter(
		([, namespace, start]) => (namespace ?? name) === name && (namespace || start.endsWith(".")),
	);
	return keys
		.filter((key) => !said.has(key) && !said.has(`${name}:${key}`))
		.filter((key) => !begun.some(([, , start]) => key.startsWith(start)))
		.map((key) => `${name}: ${key} is used nowhere`);
}

async function json(folder, language, name) {
	try {
		return JSON.parse(await readFile(join(folder, language, name), "utf8"));
	} catch (error) {
		return error.code === "ENOENT" ? {} : Promise.reject(error);
	}
}

async function program(folder) {
	const names = await readdir(folder, { recursive: true });
	const files = names.filter((it) => CODE.test(it) && !it.endsWith(".d.ts"));
	return (await Promise.all(files.map((it) => readFile(join(folder, it), "utf8")))).join("\n");
}

async function main() {
	const web = fileURLToPath(new URL("..", import.meta.url));
	const folder = join(web, "messages");
	const code = await program(join(web, "src"));
	const languages = (await readdir(folder)).sort();
	const names = new Set(
		(await Promise.all(languages.map((it) => readdir(join(folder, it))))).flat(),
	);
	const wrong = [];
	for (const file of [...names].sort()) {
		const name = file.replace(/\.json$/, "");
		const english = await json(folder, ENGLISH, file);
		wrong.push(...unused(name, english, code));
		for (const language of languages) {
			const messages = await json(folder, language, file);
			wrong.push(...check(`${language}/${name}`, language, english, messages));
		}
	}
	for (const it of wrong) console.error(it);
	if (wrong.length > 0) process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
