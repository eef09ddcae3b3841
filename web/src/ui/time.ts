/** Times and days in words, in the person's language and habits. */

/**
 * - `time`: 16:02.
 * - `day`: Friday, 20 November; with the year where it isn't this one; today and yesterday in words.
 * - `relative`: 5 minutes ago.
 * - `short`: the time today, the weekday this week, the date before that. For lists.
 * - `full`: everything.
 */
export type TimeStyle = "time" | "day" | "relative" | "short" | "full";

const DAY = 86_400_000;

/** The person's own variant of the language (de-AT, en-GB), which knows their clock. */
export function formatLocale(language: string): string {
	const own = typeof navigator === "undefined" ? [] : navigator.languages;
	return own?.find((it) => it === language || it.startsWith(`${language}-`)) ?? language;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
	const key = locale + JSON.stringify(options);
	let it = formats.get(key);
	if (!it) {
		it = new Intl.DateTimeFormat(locale, options);
		formats.set(key, it);
	}
	return it;
}

/** The local day that a time falls on, as a number that rises by one each day. */
export function dayNumber(at: number): number {
	const it = new Date(at);
	return Date.UTC(it.getFullYear(), it.getMonth(), it.getDate()) / DAY;
}

export function timeText(at: number, style: TimeStyle, language: string, now: number): string {
	const locale = formatLocale(language);
	switch (style) {
		case "time":
			return format(locale, { timeStyle: "short" }).format(at);
		case "full":
			return format(locale, { dateStyle: "full", timeStyle: "short" }).format(at);
		case "day":
			return dayText(at, locale, now);
		case "short":
			return shortText(at, locale, now);
		case "relative":
			return relativeText(at, locale, now);
	}
}

function dayText(at: number, locale: string, now: number): string {
	const ago = dayNumber(now) - dayNumber(at);
	if (ago === 0 || ago === 1) {
		const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-ago, "day");
		return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
	}
	return format(locale, {
		weekday: "long",
		day: "numeric",
		month: "long",
		...(sameYear(at, now) ? {} : { year: "numeric" }),
	}).format(at);
}

function shortText(at: number, locale: string, now: number): string {
	const ago = dayNumber(now) - dayNumber(at);
	if (ago <= 0) return format(locale, { timeStyle: "short" }).format(at);
	if (ago < 7) return format(locale, { weekday: "short" }).format(at);
	if (sameYear(at, now)) return format(locale, { day: "numeric", month: "short" }).format(at);
	return format(locale, { dateStyle: "short" }).format(at);
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
	["year", 365 * DAY],
	["month", 30 * DAY],
	["week", 7 * DAY],
	["day", DAY],
	["hour", 3_600_000],
	["minute", 60_000],
];

function relativeText(at: number, locale: string, now: number): string {
	const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
	const past = now - at;
	for (const [unit, length] of UNITS) {
		if (Math.abs(past) >= length) return words.format(-Math.trunc(past / length), unit);
	}
	return words.format(0, "second");
}

const sameYear = (a: number, b: number) => new Date(a).getFullYear() === new Date(b).getFullYear();
