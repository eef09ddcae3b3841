import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RoomId } from "../../../protocol";
import { shown } from "../../../state/selectors";
import { useChat, useClient } from "../../../state/store";
import type { View } from "../list/LogView";

export type Edge = "idle" | "loading" | "failed";

/** Pages are asked for this many views before their place comes into view. */
const AHEAD = 2;

/** Loads older and newer pages of the stretch when the view comes near its ends. */
export function usePages(roomId: RoomId) {
	const client = useClient();
	const stretch = useChat((state) => {
		const room = state.rooms[roomId];
		return room ? shown(room) : null;
	});
	const online = useChat((state) => state.connection.at === "online");
	const [before, setBefore] = useState<Edge>("idle");
	const [after, setAfter] = useState<Edge>("idle");
	const newest = useRef({ stretch, before, after });
	const seen = useRef<View | null>(null);
	newest.current = { stretch, before, after };

	const loadBefore = useCallback(() => {
		if (newest.current.before === "loading") return;
		newest.current.before = "loading";
		setBefore("loading");
		client.loadBefore(roomId).then(
			() => setBefore("idle"),
			() => setBefore("failed"),
		);
	}, [client, roomId]);
	const loadAfter = useCallback(() => {
		if (newest.current.after === "loading") return;
		newest.current.after = "loading";
		setAfter("loading");
		client.loadAfter(roomId).then(
			() => setAfter("idle"),
			() => setAfter("failed"),
		);
	}, [client, roomId]);

	const onView = useCallback(
		(view: View) => {
			seen.current = view;
			const { stretch: it, before: b, after: a } = newest.current;
			if (it?.moreBefore && b === "idle" && view.above < view.height * AHEAD) loadBefore();
			if (it?.moreAfter && a === "idle" && view.below < view.height * AHEAD) loadAfter();
		},
		[loadBefore, loadAfter],
	);

	// A page may be shorter than the view, and what failed may work after a reconnect.
	useEffect(() => {
		if (seen.current) onView(seen.current);
	}, [stretch, before, after, onView]);
	useEffect(() => {
		if (!online) return;
		setBefore((it) => (it === "failed" ? "idle" : it));
		setAfter((it) => (it === "failed" ? "idle" : it));
	}, [online]);

	return useMemo(
		() => ({ before, after, loadBefore, loadAfter, onView }),
		[before, after, loadBefore, loadAfter, onView],
	);
}
