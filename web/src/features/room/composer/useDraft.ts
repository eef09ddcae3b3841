import { useCallback, useEffect, useRef, useState } from "react";
import type { RoomId } from "../../../protocol";
import { useChat, useClient } from "../../../state/store";
import type { Draft } from "../../../state/types";

/** What is typed is kept after this pause; and at once when one leaves the room or the page. */
const PAUSE_MS = 300;

const NOTHING: Draft = { text: "" };

/**
 * What is being written in a room. It outlives the page, and follows to other tabs: a tab whose
 * field has not the focus takes over what was written in another one.
 */
export function useDraft(roomId: RoomId, focused: () => boolean) {
	const { setDraft } = useClient();
	const kept = useChat((state) => state.drafts[roomId]) ?? NOTHING;
	const [draft, show] = useState<Draft>(kept);
	const newest = useRef(draft);
	const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
	const dirty = useRef(false);

	const keep = useCallback(() => {
		clearTimeout(timer.current);
		if (!dirty.current) return;
		dirty.current = false;
		const it = newest.current;
		setDraft(roomId, it.text === "" && !it.replyTo && !it.editing ? null : it);
	}, [setDraft, roomId]);

	const change = useCallback(
		(next: Draft) => {
			newest.current = next;
			dirty.current = true;
			show(next);
			clearTimeout(timer.current);
			timer.current = setTimeout(keep, PAUSE_MS);
		},
		[keep],
	);

	useEffect(() => {
		window.addEventListener("pagehide", keep);
		return () => {
			window.removeEventListener("pagehide", keep);
			keep();
		};
	}, [keep]);

	// From another tab, or from the disk when that answers after the room was opened.
	const asked = useRef(focused);
	asked.current = focused;
	useEffect(() => {
		if (dirty.current || sameDraft(kept, newest.current)) return;
		if (asked.current() && newest.current.text !== "") return;
		newest.current = kept;
		show(kept);
	}, [kept]);

	return { draft, change, newest, keep };
}

const sameDraft = (a: Draft, b: Draft) =>
	a.text === b.text && a.replyTo === b.replyTo && a.editing === b.editing;
