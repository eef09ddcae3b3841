/** Where features find the state and the client. */

import { createContext, useContext, useRef } from "react";
import { createStore, type StoreApi, useStore } from "zustand";
import type { Client } from "./client";
import { EMPTY } from "./empty";
import type { State } from "./types";

export { EMPTY };

export interface Chat {
	store: StoreApi<State>;
	client: Client;
}

export const newStore = (state: State = EMPTY) => createStore<State>(() => state);

export const ChatContext = createContext<Chat | null>(null);

function useChatContext(): Chat {
	const chat = useContext(ChatContext);
	if (!chat) throw new Error("there is no ChatContext above this component");
	return chat;
}

/** A part of the state. It may build an array or a plain object anew: that is compared one level deep. */
export function useChat<T>(select: (state: State) => T): T {
	const last = useRef<T | undefined>(undefined);
	return useStore(useChatContext().store, (state) => {
		const next = select(state);
		if (same(last.current, next)) return last.current as T;
		last.current = next;
		return next;
	});
}

/** Whether they are the same, or hold the same. Of anything but arrays and plain objects, identity tells. */
function same(a: unknown, b: unknown): boolean {
	if (Object.is(a, b)) return true;
	if (Array.isArray(a) && Array.isArray(b)) {
		return a.length === b.length && a.every((it, at) => Object.is(it, b[at]));
	}
	if (!isPlain(a) || !isPlain(b)) return false;
	const names = Object.keys(a);
	return (
		names.length === Object.keys(b).length &&
		names.every((name) => name in b && Object.is(a[name], b[name]))
	);
}

function isPlain(it: unknown): it is Record<string, unknown> {
	return typeof it === "object" && it !== null && Object.getPrototypeOf(it) === Object.prototype;
}

export function useClient(): Client {
	return useChatContext().client;
}
