import { useCallback, useContext } from "react";
import type { Message, RoomId } from "../../../protocol";
import { myId } from "../../../state/selectors";
import { ChatContext } from "../../../state/store";

/** How far to look for it. */
const LOOK_BACK = 500;

/** A function that finds one's newest message in the room, when it is asked. */
export function useNewestOwn(roomId: RoomId): () => Message | null {
	const chat = useContext(ChatContext);
	return useCallback(() => {
		const state = chat?.store.getState();
		const room = state?.rooms[roomId];
		const me = state ? myId(state) : null;
		for (const id of room?.live?.ids.slice(-LOOK_BACK).reverse() ?? []) {
			const it = room?.messages.get(id);
			if (it?.kind === "text" && it.author_id === me && !it.deleted) return it;
		}
		return null;
	}, [chat, roomId]);
}
