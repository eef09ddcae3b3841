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
