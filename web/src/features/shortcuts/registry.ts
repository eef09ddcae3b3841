/** All shortcuts that hold at the moment: one list, one listener, one sheet. */

import type { ParseKeys } from "i18next";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { matches, writes } from "../../ui";

export const SCOPES = ["everywhere", "conversation", "message", "composer"] as const;
export type Scope = (typeof SCOPES)[number];

/** Key of a message, with its namespace: `shell:shortcut.jump`. */
export type Label = ParseKeys<["shell", "room"]>;

/** Returns `false` where it did nothing, so that the next one, or the browser, gets the keys. */
export type Handler = (event: KeyboardEvent) => boolean | void;

export interface Shortcut {
	keys: string;
	label: Label;
	scope: Scope;
	/** `null`: whoever has the focus handles it; it stands here for the sheet. */
	handler: Handler | null;
}

let registered: readonly Shortcut[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Shortcut[]): void {
	registered = next;
	for (const listener of listeners) listener();
}

const isText = (target: EventTarget | null): boolean =>
	target instanceof HTMLElement &&
	(target.isContentEditable ||
		target instanceof HTMLTextAreaElement ||
		target instanceof HTMLSelectElement ||
		(target instanceof HTMLInputElement &&
			!["button", "checkbox", "radio", "submit"].includes(target.type)));

/** What floats above the page has the keys for itself. */
const floats = (target: EventTarget | null): boolean =>
	target instanceof Element &&
	target.closest('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;

/** The newest of those that match goes first. */
export function dispatch(event: KeyboardEvent): void {
	if (event.defaultPrevented || event.isComposing || floats(event.target)) return;
	for (const shortcut of [...registered].reverse()) {
		if (!shortcut.handler || !matches(shortcut.keys, event)) continue;
		if (writes(shortcut.keys) && isText(event.target)) continue;
		if (shortcut.handler(event) === false) continue;
		event.preventDefault();
		return;
	}
}

function register(shortcut: Shortcut): () => void {
	if (registered.length === 0) addEventListener("keydown", dispatch);
	change([...registered, shortcut]);
	return () => {
		change(registered.filter((it) => it !== shortcut));
		if (registered.length === 0) removeEventListener("keydown", dispatch);
	};
}

/**
 * A shortcut for as long as the component is there. The handler may be a new function each time.
 * With `null` it is only listed: a component further down handles the keys.
 */
export function useShortcut(
	keys: string,
	label: Label,
	handler: Handler | null,
	scope: Scope = "everywhere",
): void {
	const newest = useRef(handler);
	useEffect(() => {
		newest.current = handler;
	});
	const listed = handler === null;
	useEffect(
		() =>
			register({
				keys,
				label,
				scope,
				handler: listed ? null : (event) => newest.current?.(event),
			}),
		[keys, label, scope, listed],
	);
}

/** Those that hold now, for the sheet. */
export function useShortcuts(): readonly Shortcut[] {
	return useSyncExternalStore(
		(listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		() => registered,
	);
}
