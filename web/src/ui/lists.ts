import { isolate } from "./language";
import { formatLocale } from "./time";

/** Names as a part of a sentence: "Nils, Olga and Paul". Each keeps its own direction. */
export function listOf(names: readonly string[], language: string): string {
	const format = new Intl.ListFormat(formatLocale(language), { type: "conjunction" });
	return format.format(names.map((it) => isolate(it, language)));
}
