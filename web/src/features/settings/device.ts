/** What a browser and its system are called, from what it says of itself. Good enough to recognise one's own. */

const BROWSERS: [RegExp, string][] = [
	[/Edg(?:e|A|iOS)?\//, "Edge"],
	[/OPR\/|Opera/, "Opera"],
	[/Firefox\/|FxiOS\//, "Firefox"],
	[/Chrome\/|CriOS\//, "Chrome"],
	[/Safari\/|AppleWebKit\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
	[/iPhone/, "iPhone"],
	[/iPad/, "iPad"],
	[/Android/, "Android"],
	[/CrOS/, "ChromeOS"],
	[/Windows/, "Windows"],
	[/Mac OS X|Macintosh/, "macOS"],
	[/Linux/, "Linux"],
];

const find = (table: [RegExp, string][], text: string) =>
	table.find(([pattern]) => pattern.test(text))?.[1] ?? null;

export function browserAndSystem(userAgent: string): { browser: string; system: string } | null {
	const browser = find(BROWSERS, userAgent);
	const system = find(SYSTEMS, userAgent);
	return browser && system ? { browser, system } : null;
}
