import { useContext } from "react";
import type { RoomId } from "../../protocol";
import { conversations, myId, unread } from "../../state/selectors";
import { ChatContext } from "../../state/store";
import type { RoomState } from "../../state/types";
import { go, roomPath } from "../places";
import { type Handler, useShortcut } from "../shortcuts";
import { neighbour } from "./neighbours";

/** As they stand in the list. */
const inOrder = (all: readonly RoomState[]) => [
	...all.filter((it) => it.room.kind !== "direct"),
	...all.filter((it) => it.room.kind === "direct"),
];

/** Alt with the arrow keys goes through the list; with Shift, through what is unread. */
export function useConversationShortcuts(open: RoomId | null): void {
	const chat = useContext(ChatContext);
	const step =
		(by: 1 | -1, unreadOnly: boolean): Handler =>
		() => {
			const state = chat?.store.getState();
			if (!state) return false;
			const me = myId(state);
			const next = neighbour(
				inOrder(conversations(state)),
				(it) => it.room.id === open,
				by,
				(it) => !unreadOnly || unread(it, me) > 0,
			);
			if (next) go(roomPath(next.room.id));
			return undefined;
		};
	useShortcut("Alt+ArrowDown", "shell:shortcut.next", step(1, false));
	useShortcut("Alt+ArrowUp", "shell:shortcut.previous", step(-1, false));
	useShortcut("Alt+Shift+ArrowDown", "shell:shortcut.next_unread", step(1, true));
	useShortcut("Alt+Shift+ArrowUp", "shell:shortcut.previous_unread", step(-1, true));
}
