import { useTranslation } from "react-i18next";

/** The languages that the client speaks, each by its own name. */
export const LANGUAGES = [
	{ code: "en", name: "English", dir: "ltr" },
	{ code: "de", name: "Deutsch", dir: "ltr" },
	{ code: "fr", name: "Français", dir: "ltr" },
	{ code: "es", name: "Español", dir: "ltr" },
	{ code: "ar", name: "العربية", dir: "rtl" },
] as const;

export type Language = (typeof LANGUAGES)[number]["code"];

export function isLanguage(code: unknown): code is Language {
	return LANGUAGES.some((it) => it.code === code);
}

export const directionOf = (code: string): "ltr" | "rtl" =>
	LANGUAGES.find((it) => it.code === code)?.dir ?? "ltr";

/** A letter that is written from right to left: Hebrew, Arabic, Syriac, N'Ko and their like. */
const RTL = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const LTR = /(?![\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC])\p{L}/u;

/**
 * A value for a sentence of a language. Written in the other direction, it is isolated, so that it
 * doesn't tear the sentence's words out of their order.
 */
export function isolate(value: unknown, language: string): string {
	const text = String(value);
	const other = directionOf(language) === "rtl" ? LTR : RTL;
	return other.test(text) ? `\u2068${text}\u2069` : text;
}

/** The chosen language, and how to choose another. */
export function useLanguage(): {
	language: Language;
	setLanguage: (language: Language) => Promise<void>;
} {
	const { i18n } = useTranslation("ui");
	return {
		language: isLanguage(i18n.language) ? i18n.language : "en",
		setLanguage: async (language) => {
			await i18n.changeLanguage(language);
		},
	};
}
