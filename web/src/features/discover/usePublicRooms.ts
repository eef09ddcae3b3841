import { useCallback, useEffect, useState } from "react";
import type { RoomDetails, RoomId } from "../../protocol";
import { useClient } from "../../state/store";
import { useAction } from "../notices";

/** The public rooms, a page at a time, newest first. */
export function usePublicRooms() {
	const { publicRooms } = useClient();
	const [rooms, setRooms] = useState<readonly RoomDetails[]>([]);
	/** Where to go on; `undefined` before the first page, `null` after the last. */
	const [next, setNext] = useState<RoomId | null | undefined>(undefined);
	const { run, busy, error } = useAction(async (after: RoomId | undefined) => {
		const page = await publicRooms(after);
		setRooms((before) => {
			const known = new Set(before.map((it) => it.room.id));
			return [...before, ...page.rooms.filter((it) => !known.has(it.room.id))];
		});
		setNext(page.next ?? null);
	});
	useEffect(() => {
		void run(undefined);
	}, [run]);
	const more = useCallback(() => run(next ?? undefined), [run, next]);
	return { rooms, loading: busy, loaded: next !== undefined, hasMore: next !== null, more, error };
}
