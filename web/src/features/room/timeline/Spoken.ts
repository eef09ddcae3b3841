import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { RoomId } from "../../../protocol";
import { myId } from "../../../state/selectors";
import { useChat } from "../../../state/store";
import { plainText, useAnnounce } from "../../../ui";

/** More than this at once are counted, not read out. */
const EACH = 3;

/**
 * Speaks what others write while the room is open, each message once, and nothing of the history. The
 * log itself is silent: rows that come into view would be taken for new ones.
 */
export function Spoken({ roomId }: { roomId: RoomId }): null {
	const { t } = useTranslation("room");
	const announce = useAnnounce();
	const room = useChat((state) => state.rooms[roomId]);
	const { users } = useChat(({ users: them }) => ({ users: them }));
	const me = useChat(myId);
	const last = useRef<string | null>(null);
	const ids = room?.live?.ids;
	// New messages alone are spoken: nothing else makes this run.
	useEffect(() => {
		if (!ids || !room) return;
		const newest = ids.at(-1) ?? "";
		const before = last.current;
		last.current = before !== null && before > newest ? before : newest;
		if (before === null || newest <= before) return;
		const said: string[] = [];
		for (let at = ids.length - 1; at >= 0; at--) {
			const id = ids[at] ?? "";
			if (id <= before) break;
			const it = room.messages.get(id);
			if (it?.kind !== "text" || it.deleted || it.author_id === me) continue;
			const name = users[it.author_id]?.display_name ?? t("someone");
			said.unshift(t("timeline.spoken", { name, text: plainText(it.text) }));
		}
		if (said.length > EACH) announce(t("timeline.spoken_many", { count: said.length }));
		else for (const it of said) announce(it);
	}, [ids]);
	return null;
}
