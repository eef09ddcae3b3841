/** What a person chose for this device. It is kept in `localStorage`, and is the same in all tabs. */

import { useSyncExternalStore } from "react";
import type { RoomId } from "../../protocol";
import { useMedia } from "../places";

export interface Settings {
	density: "cosy" | "compact";
	/** What Enter does in the composer. `auto`: sends, unless the finger is the pointer. */
	enter: "auto" | "sends" | "line";
	/** Desktop notifications of direct messages and mentions. */
	notify: boolean;
	/** The number of what is unread in the page's title and icon. */
	badge: boolean;
	sound: boolean;
	/** Whether the details of a room are open beside it, where there is room for that. */
	details: boolean;
	lastRoom: RoomId | null;
}

export const DEFAULTS: Settings = {
	density: "cosy",
	enter: "auto",
	notify: false,
	badge: true,
	sound: false,
	details: true,
	lastRoom: null,
};

const ALLOWED: { [K in keyof Settings]: (value: unknown) => boolean } = {
	density: (it) => it === "cosy" || it === "compact",
	enter: (it) => it === "auto" || it === "sends" || it === "line",
	notify: (it) => typeof it === "boolean",
	badge: (it) => typeof it === "boolean",
	sound: (it) => typeof it === "boolean",
	details: (it) => typeof it === "boolean",
	lastRoom: (it) => it === null || typeof it === "string",
};

const KEY = "starling.settings";

/** Whatever an older version or another hand has left there, this gives settings. */
export function parseSettings(text: string | null): Settings {
	let kept: unknown;
	try {
		kept = JSON.parse(text ?? "{}");
	} catch {
		kept = {};
	}
	const entries = Object.entries(typeof kept === "object" && kept !== null ? kept : {});
	const good = entries.filter(([key, value]) => ALLOWED[key as keyof Settings]?.(value) === true);
	return { ...DEFAULTS, ...Object.fromEntries(good) };
}

function read(): Settings {
	try {
		return parseSettings(localStorage.getItem(KEY));
	} catch {
		return DEFAULTS;
	}
}

let current = read();
const listeners = new Set<() => void>();

function tell(settings: Settings): void {
	current = settings;
	for (const listener of listeners) listener();
}

window.addEventListener("storage", (event) => {
	if (event.key === KEY || event.key === null) tell(read());
});

export const settings = (): Settings => current;

/** Where storage is refused, the choice holds until the page is left. */
export function changeSettings(change: Partial<Settings>): void {
	tell({ ...current, ...change });
	try {
		localStorage.setItem(KEY, JSON.stringify(current));
	} catch {
		// Nothing to be done: it holds for this page.
	}
}

export function onSettings(listener: () => void): () => void {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

export const useSettings = (): Settings => useSyncExternalStore(onSettings, settings);

/** Whether Enter sends on this device; it makes a line otherwise. */
export function useEnterSends(): boolean {
	const { enter } = useSettings();
	const byTouch = useMedia("(hover: none) and (pointer: coarse)");
	return enter === "auto" ? !byTouch : enter === "sends";
}
