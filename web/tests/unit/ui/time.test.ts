import { afterEach, expect, test, vi } from "vitest";
import { dayNumber, formatLocale, timeText } from "../../../src/ui/time";

const at = (text: string) => new Date(text).getTime();
const now = at("2026-11-21T16:02:00");

afterEach(() => vi.unstubAllGlobals());

test.each([
	["2026-11-21T16:02:00", "time", "en", "4:02 PM"],
	["2026-11-21T16:02:00", "time", "de", "16:02"],
	["2026-11-21T00:00:00", "day", "en", "Today"],
	["2026-11-20T23:59:59", "day", "de", "Gestern"],
	["2026-11-19T12:00:00", "day", "fr", "jeudi 19 novembre"],
	["2025-11-19T12:00:00", "day", "en", "Wednesday, November 19, 2025"],
	["2026-11-21T16:01:30", "relative", "en", "now"],
	["2026-11-21T15:57:00", "relative", "en", "5 minutes ago"],
	["2026-11-20T12:00:00", "relative", "es", "ayer"],
	["2026-11-21T09:05:00", "short", "de", "09:05"],
	["2026-11-18T09:05:00", "short", "en", "Wed"],
	["2026-10-01T09:05:00", "short", "en", "Oct 1"],
	["2024-10-01T09:05:00", "short", "de", "01.10.24"],
] as const)("%s as %s in %s is %s", (time, style, language, expected) => {
	vi.stubGlobal("navigator", { languages: [] });
	expect(timeText(at(time), style, language, now)).toBe(expected);
});

test("the browser's own variant of the language knows the clock", () => {
	vi.stubGlobal("navigator", { languages: ["fr-CH", "en-GB", "en"] });
	expect(formatLocale("en")).toBe("en-GB");
	expect(formatLocale("de")).toBe("de");
	expect(timeText(now, "time", "en", now)).toBe("16:02");
});

test("days follow each other by one, summer time or not", () => {
	expect(dayNumber(at("2026-03-30T00:30:00")) - dayNumber(at("2026-03-28T23:30:00"))).toBe(2);
	expect(dayNumber(at("2027-01-01T00:00:00")) - dayNumber(at("2026-12-31T23:59:59"))).toBe(1);
});
