import { useCallback, useEffect, useRef, useState } from "react";
import type { MessageId, RoomId, UserId } from "../../../protocol";
import { knowsAfter, myId, shown, unread } from "../../../state/selectors";
import { useChat, useClient } from "../../../state/store";
import type { RoomState } from "../../../state/types";
import { firstUnread } from "./rows";
import { search } from "./search";

/** Where the view begins: at the end, or with this message at a share of its height. */
export type Start = "end" | { id: MessageId; share: number };

export interface Ready {
	at: "ready";
	start: Start;
	newFrom: MessageId | null;
	/** The message that was asked for is not there. */
	missed: boolean;
}

export type Opening = { at: "loading" } | { at: "failed"; error: unknown } | Ready;

/** What was read stays in view above what is new. */
const NEW_SHARE = 0.25;
export const JUMP_SHARE = 0.4;

/**
 * Loads what is shown first: the message that was asked for, the first unread one, or the newest.
 * What is kept on the device is shown at once, and for as long as the server can't be reached.
 */
export function useOpening(roomId: RoomId, target: MessageId | null) {
	const { open, jumpTo } = useClient();
	const room = useChat((state) => state.rooms[roomId]);
	const me = useChat(myId);
	const connected = useChat((state) => state.connection.at === "online");
	const [ready, setReady] = useState(() => room && begin(room, me, target, false));
	const [loaded, setLoaded] = useState<{ error: unknown } | null>(null);
	const [attempt, setAttempt] = useState(0);
	const newest = useRef({ room, me });
	useEffect(() => {
		newest.current = { room, me };
	});
	const first = useRef(target);

	useEffect(() => {
		let wanted = true;
		const load = async () => {
			const opened = open(roomId);
			if (first.current !== null) {
				await jumpTo(roomId, first.current).catch(() => undefined);
				return opened;
			}
			await opened;
			// Where the unread ones begin before what is loaded, their beginning is looked for.
			const it = newest.current;
			const read = it.room?.me?.read ?? null;
			if (!it.room || read === null || knowsAfter(it.room, read)) return;
			if (unread(it.room, it.me) > 0) await jumpTo(roomId, read).catch(() => undefined);
		};
		load().then(
			() => wanted && setLoaded({ error: null }),
			(error) => wanted && setLoaded({ error }),
		);
		return () => {
			wanted = false;
		};
	}, [open, jumpTo, roomId, attempt]);

	useEffect(() => {
		if (ready || !room) return;
		const made = begin(room, me, first.current, loaded !== null);
		if (made) setReady(made);
	}, [ready, room, me, loaded]);

	const retry = useCallback(() => {
		setLoaded(null);
		setAttempt((it) => it + 1);
	}, []);
	const failed = !ready && loaded !== null && loaded.error !== null;
	useEffect(() => {
		if (failed && connected) retry();
		// Once for each connection: not again because it failed again.
	}, [connected]);
	const opening: Opening =
		ready ?? (failed ? { at: "failed", error: loaded.error } : { at: "loading" });
	return { opening, retry };
}

/**
 * Where to begin with what is known; `null` where something has to be loaded first. Once it was tried
 * (`settled`), what is there has to do.
 */
function begin(
	room: RoomState,
	me: UserId | null,
	target: MessageId | null,
	settled: boolean,
): Ready | null {
	const stretch = shown(room);
	if (!stretch) return null;
	const { ids } = stretch;
	const read = room.me?.read ?? null;
	const known =
		knowsAfter({ ...room, live: stretch }, read) || (read !== null && search(ids, read) >= 0);
	if (!known && !settled && target === null && unread(room, me) > 0) return null;
	const since = { upTo: read, joinedAt: room.me?.joined_at ?? 0 };
	const newFrom = known ? firstUnread(ids, (id) => room.messages.get(id), since, me) : null;
	if (target !== null) {
		const found = search(ids, target) >= 0;
		if (!found && !settled) return null;
		const start: Start = found ? { id: target, share: JUMP_SHARE } : "end";
		return { at: "ready", start, newFrom, missed: !found };
	}
	const start: Start = newFrom ? { id: newFrom, share: NEW_SHARE } : "end";
	return { at: "ready", start, newFrom, missed: false };
}
