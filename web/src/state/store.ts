/** Where features find the state and the client. */

import { createContext, useContext } from "react";
import { createStore, type StoreApi, useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
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

/** A part of the state. It may build an object or an array anew: that is compared one level deep. */
export function useChat<T>(select: (state: State) => T): T {
	return useStore(useChatContext().store, useShallow(select));
}

export function useClient(): Client {
	return useChatContext().client;
}
