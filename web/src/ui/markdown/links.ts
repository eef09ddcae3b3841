const SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/**
 * The address to put into a link, or `null` where it leads to anything but a page or a mailbox.
 * The browser's own parser decides, as it is the one that follows it.
 */
export function safeHref(address: string): string | null {
	try {
		const url = new URL(address);
		return SCHEMES.has(url.protocol) ? url.href : null;
	} catch {
		return null;
	}
}
