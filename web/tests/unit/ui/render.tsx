/** Renders a component into the page, with English messages, and takes it away after the test. */

import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach } from "vitest";
import { startLanguages } from "../../../src/app/i18n";

declare global {
	var IS_REACT_ACT_ENVIRONMENT: boolean;
}
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

let root: Root | undefined;
let languages: Promise<unknown> | undefined;

afterEach(async () => {
	await act(async () => root?.unmount());
	root = undefined;
	document.body.replaceChildren();
});

export async function render(node: ReactNode): Promise<HTMLElement> {
	languages ??= startLanguages("en");
	await languages;
	const box = document.body.appendChild(document.createElement("div"));
	const made = createRoot(box);
	root = made;
	await act(async () => made.render(node));
	return box;
}
