import type { ReactElement } from "react";

const makers = new Map<string | undefined, () => HTMLElement>();

/**
 * Makes the element that something floating is put into, at the end of the page: a landmark with its
 * name, as everything on a page belongs to one. The same function for the same name: with another one
 * at each rendering, what floats would be made anew, under the pointer.
 */
export function region(name: string | undefined): () => HTMLElement {
	let make = makers.get(name);
	if (!make) {
		make = () => {
			const element = document.createElement(name ? "section" : "div");
			if (name) element.setAttribute("aria-label", name);
			return element;
		};
		makers.set(name, make);
	}
	return make;
}

/** What a button calls itself. */
export function nameOf(button: ReactElement): string | undefined {
	const { label, children, "aria-label": aria } = button.props as Record<string, unknown>;
	return [aria, label, children].find((it) => typeof it === "string");
}
