import type { ReactElement } from "react";

/**
 * Makes the element that something floating is put into, at the end of the page: a landmark with its
 * name, as everything on a page belongs to one.
 */
export function region(name: string | undefined): () => HTMLElement {
	return () => {
		const element = document.createElement(name ? "section" : "div");
		if (name) element.setAttribute("aria-label", name);
		return element;
	};
}

/** What a button calls itself. */
export function nameOf(button: ReactElement): string | undefined {
	const { label, children, "aria-label": aria } = button.props as Record<string, unknown>;
	return [aria, label, children].find((it) => typeof it === "string");
}
