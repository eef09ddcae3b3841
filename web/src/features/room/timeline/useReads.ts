import { useCallback, useEffect, useRef } from "react";
import type { MessageId, RoomId } from "../../../protocol";
import { useChat, useClient } from "../../../state/store";

/** Scrolling past is not reading: so long the newest one has to stay in view. */
const LOOK_MS = 250;

/** Says how far one has read: what was in view while somebody looked at the page. */
export function useReads(roomId: RoomId, present: boolean): (seen: MessageId) => void {
	const { read } = useClient();
	const told = useChat((state) => state.rooms[roomId]?.me?.read ?? null);
	const seen = useRef<MessageId | null>(null);
	const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
	const newest = useRef({ present, told });
	newest.current = { present, told };

	const tell = useCallback(() => {
		clearTimeout(timer.current);
		timer.current = setTimeout(() => {
			const { present: looking, told: before } = newest.current;
			const id = seen.current;
			if (looking && id !== null && (before === null || id > before)) read(roomId, id);
		}, LOOK_MS);
	}, [read, roomId]);

	useEffect(() => {
		if (present) tell();
	}, [present, tell]);
	useEffect(() => () => clearTimeout(timer.current), []);

	return useCallback(
		(id) => {
			if (seen.current === id) return;
			seen.current = id;
			tell();
		},
		[tell],
	);
}
