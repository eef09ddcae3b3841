/**
 * The languages of the client. English is part of the program, so that there is always a sentence to
 * show; each namespace of another language is a file of its own, loaded when the language is chosen.
 */

import i18next, { type BackendModule, type i18n, type ResourceKey } from "i18next";
import { initReactI18next } from "react-i18next";
import account from "../../messages/en/account.json";
import errors from "../../messages/en/errors.json";
import room from "../../messages/en/room.json";
import shell from "../../messages/en/shell.json";
import ui from "../../messages/en/ui.json";
import { directionOf, isLanguage, isolate, LANGUAGES, type Language } from "../ui/language";

const ENGLISH = { account, errors, room, shell, ui };

declare module "i18next" {
	interface CustomTypeOptions {
		defaultNS: "ui";
		resources: typeof ENGLISH;
		returnNull: false;
	}
}

const KEY = "starling.language";

const FILES = import.meta.glob<{ default: ResourceKey }>([
	"../../messages/*/*.json",
	"!../../messages/en/*.json",
]);

const files: BackendModule = {
	type: "backend",
	init: () => undefined,
	read(language, namespace, done) {
		const file = FILES[`../../messages/${language}/${namespace}.json`];
		if (!file) return done(new Error(`no messages: ${language}/${namespace}`), false);
		file().then(
			(it) => done(null, it.default),
			(error: Error) => done(error, false),
		);
	},
};

/** The language chosen on this device, or the first of the browser's that the client speaks. */
export function preferredLanguage(): Language {
	const wished = navigator.languages.map((it) => it.toLowerCase().split("-")[0]);
	return [keptLanguage(), ...wished].find(isLanguage) ?? "en";
}

function keptLanguage(): string | null {
	try {
		return localStorage.getItem(KEY);
	} catch {
		return null;
	}
}

function keepLanguage(language: string): void {
	try {
		localStorage.setItem(KEY, language);
	} catch {
		// It holds until the page is closed.
	}
}

function showLanguage(language: string): void {
	document.documentElement.lang = language;
	document.documentElement.dir = directionOf(language);
}

/** To be awaited before the first thing is shown. Never fails: without its files it is English. */
export async function startLanguages(language: Language = preferredLanguage()): Promise<i18n> {
	i18next.on("languageChanged", showLanguage);
	await i18next
		.use(files)
		.use(initReactI18next)
		.init({
			lng: language,
			fallbackLng: "en",
			supportedLngs: LANGUAGES.map((it) => it.code),
			ns: Object.keys(ENGLISH),
			defaultNS: "ui",
			resources: { en: ENGLISH },
			partialBundledLanguages: true,
			// React escapes what is shown; what a sentence needs is that names keep their direction.
			interpolation: { escape: (value) => isolate(value, i18next.language) },
			react: { useSuspense: false },
		});
	showLanguage(i18next.language);
	followOtherTabs();
	return i18next;
}

/** A choice made in one tab holds in all of them. */
function followOtherTabs(): void {
	i18next.on("languageChanged", (language) => {
		if (language !== preferredLanguage()) keepLanguage(language);
	});
	window.addEventListener("storage", (event) => {
		if (event.key === KEY && isLanguage(event.newValue))
			void i18next.changeLanguage(event.newValue);
	});
}
