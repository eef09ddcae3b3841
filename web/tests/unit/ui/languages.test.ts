import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { preferredLanguage, startLanguages } from "../../../src/app/i18n";
import { isolate } from "../../../src/ui";

let i18n: Awaited<ReturnType<typeof startLanguages>>;

beforeAll(async () => {
	i18n = await startLanguages("en");
});
beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

const browserSpeaks = (...languages: string[]) => vi.stubGlobal("navigator", { languages });

test("the first language of the browser that the client speaks is taken", () => {
	browserSpeaks("nl-NL", "de-AT", "en");
	expect(preferredLanguage()).toBe("de");
	browserSpeaks("nl");
	expect(preferredLanguage()).toBe("en");
});

test("a choice outlives the page, and sets the language and the direction of the document", async () => {
	browserSpeaks("en");
	await i18n.changeLanguage("ar");
	expect(document.documentElement.lang).toBe("ar");
	expect(document.documentElement.dir).toBe("rtl");
	expect(i18n.t("cancel")).toBe("إلغاء");
	expect(preferredLanguage()).toBe("ar");
	await i18n.changeLanguage("en");
	expect(document.documentElement.dir).toBe("ltr");
	expect(preferredLanguage()).toBe("en");
});

test("a choice that is no language, or can't be read, is no choice", () => {
	browserSpeaks("fr");
	localStorage.setItem("starling.language", "tlh");
	expect(preferredLanguage()).toBe("fr");
	vi.stubGlobal("localStorage", {
		getItem() {
			throw new DOMException("refused", "SecurityError");
		},
	});
	expect(preferredLanguage()).toBe("fr");
});

test("another tab's choice is followed", async () => {
	window.dispatchEvent(new StorageEvent("storage", { key: "starling.language", newValue: "es" }));
	await vi.waitFor(() => expect(document.documentElement.lang).toBe("es"));
});

test("a name of the other direction is isolated in a sentence, and no other", () => {
	expect(isolate("Nora", "en")).toBe("Nora");
	expect(isolate("نورا", "en")).toBe("\u2068نورا\u2069");
	expect(isolate("نورا", "ar")).toBe("نورا");
	expect(isolate("Nora", "ar")).toBe("\u2068Nora\u2069");
	expect(isolate(12, "ar")).toBe("12");
});
