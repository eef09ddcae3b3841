import { createStore } from "zustand";
import type { NoticeKind } from "./Notice";

export interface ToastAsked {
	text: string;
	kind?: NoticeKind | undefined;
	/** "Undo", for example. It stays longer then. */
	action?: { label: string; onClick: () => void } | undefined;
}

export interface ToastShown extends ToastAsked {
	id: number;
}

/** How many are shown at once; the oldest goes first. */
const MOST = 3;

/** What is being said. There is one screen, so there is one of these. */
export const toasts = createStore<{ shown: readonly ToastShown[]; made: number }>(() => ({
	shown: [],
	made: 0,
}));

/** Says something that just happened, for a few seconds. */
export function toast(asked: ToastAsked | string): void {
	const it = typeof asked === "string" ? { text: asked } : asked;
	toasts.setState(({ shown, made }) => ({
		shown: [...shown, { ...it, id: made }].slice(-MOST),
		made: made + 1,
	}));
}

export function dismiss(id: number): void {
	toasts.setState(({ shown }) => ({ shown: shown.filter((it) => it.id !== id) }));
}
