/** Addresses inside the client, and how one gets from one to another. */

import { navigate } from "wouter/use-browser-location";
import type { MessageId, RoomId } from "../../protocol";

export const HOME = "/";
export const DISCOVER = "/discover";
export const LOG_IN = "/login";
export const SIGN_UP = "/register";

export const SECTIONS = ["account", "sessions", "appearance", "notifications", "about"] as const;
export type Section = (typeof SECTIONS)[number];

export const roomPath = (room: RoomId) => `/r/${room}`;
export const messagePath = (room: RoomId, message: MessageId) => `/r/${room}/m/${message}`;
export const detailsPath = (room: RoomId) => `/r/${room}/details`;
export const settingsPath = (section: Section = "account") => `/settings/${section}`;

/** Below this width one pane is shown at a time; below the other, details take a pane's place. */
export const NARROW = "(max-width: 699px)";
export const NOT_WIDE = "(max-width: 1099px)";

export const isNarrow = () => matchMedia(NARROW).matches;

/** The room that an address is about. */
export function roomOf(path: string): RoomId | null {
	return /^\/r\/([^/]+)/.exec(path)?.[1] ?? null;
}

/** How many entries of the history before this one are our own. It outlives a reload. */
function depth(): number {
	const state: unknown = history.state;
	if (typeof state !== "object" || state === null || !("depth" in state)) return 0;
	return typeof state.depth === "number" ? state.depth : 0;
}

/**
 * Goes to a place. With one pane at a time, a room takes the place of a room in the history, so that
 * "back" leads to the list from wherever one jumped to.
 */
export function go(path: string, { replace = false } = {}): void {
	const here = roomOf(location.pathname);
	const there = roomOf(path);
	const sideways = here !== null && there !== null && here !== there && isNarrow();
	const over = replace || sideways || path === location.pathname + location.search;
	navigate(path, { replace: over, state: { depth: over ? depth() : depth() + 1 } });
}

/** To where one came from; or to `otherwise`, where this is the first page. */
export function back(otherwise: string = HOME): void {
	if (depth() > 0) history.back();
	else go(otherwise, { replace: true });
}

/** The complete address of a place, to hand to others. */
export const addressOf = (path: string) => new URL(path, location.origin).href;

/** Leaves a room that one is no more in; whoever has gone elsewhere meanwhile stays there. */
export function goHomeFrom(room: RoomId): void {
	if (roomOf(location.pathname) === room) go(HOME, { replace: true });
}
