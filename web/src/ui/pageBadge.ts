/** What the browser's tab says while one looks at another. */

/** The page's title without the number. */
let title = "Starling";
let unread = 0;

const shown = () => (unread > 0 ? `(${unread > 99 ? "99+" : unread}) ${title}` : title);

function refresh(): void {
	document.title = shown();
	const icon = document.querySelector<HTMLLinkElement>("link[rel='icon'][type='image/svg+xml']");
	const href = unread > 0 ? "/icon-unread.svg" : "/icon.svg";
	if (icon && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

/** Names what the page shows: "release-train · Starling". */
export function setPageTitle(next: string): void {
	title = next;
	refresh();
}

/** The number before the title, a dot on the tab's icon, and the number on the installed icon. */
export function setPageBadge(count: number): void {
	if (count === unread) return;
	unread = count;
	refresh();
	const badge = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
	// A browser may refuse it; the title says it anyway.
	badge?.catch(() => undefined);
}
