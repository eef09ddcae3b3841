/** Days by the reader's clock. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** The day of a time (ms since 1970) in a time zone, as `2026-11-20`. */
export function dayOf(at: number, timeZone: string): string {
	let format = formats.get(timeZone);
	if (!format) {
		// This locale alone writes the year first, with its Gregorian calendar and Latin digits.
		format = new Intl.DateTimeFormat("en-CA", {
			timeZone,
			year: "numeric",
			month: "2-digit",
			day: "2-digit",
		});
		formats.set(timeZone, format);
	}
	return format.format(at);
}

export const readersTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
