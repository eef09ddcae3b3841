import { useEffect } from "react";
import type { RoomId } from "../../../protocol";
import { useChat, useClient } from "../../../state/store";

/** The presence of this many people at once is told by the server; beyond it nobody is counted. */
const WATCHED = 150;

/** How many people are in the room, and how many of them are here now, where that is known. */
export function useHere(roomId: RoomId): { count: number | null; here: number | null } {
	const { loadMembers, watch } = useClient();
	const loaded = useChat((state) => state.rooms[roomId]?.membersLoaded ?? true);
	const count = useChat((state) => state.rooms[roomId]?.memberCount ?? null);
	const joined = useChat((state) =>
		Object.values(state.rooms[roomId]?.members ?? {})
			.filter((it) => it.state === "joined")
			.map((it) => it.user_id)
			.slice(0, WATCHED + 1),
	);
	const all = loaded && joined.length <= WATCHED;
	const key = joined.slice(0, WATCHED).join(" ");
	const here = useChat((state) =>
		joined.reduce((sum, id) => {
			const status = state.presence[id]?.status;
			return sum + (status === "online" || status === "do_not_disturb" ? 1 : 0);
		}, 0),
	);
	useEffect(() => {
		// Without them the room works as well; the next visit asks again.
		if (!loaded) loadMembers(roomId).catch(() => undefined);
	}, [loaded, loadMembers, roomId]);
	useEffect(() => (key === "" ? undefined : watch(key.split(" "))), [key, watch]);
	return { count, here: all && here > 0 ? here : null };
}
