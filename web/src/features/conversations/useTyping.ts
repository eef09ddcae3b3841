import { useEffect, useState } from "react";
import type { UserId } from "../../protocol";
import { typingIn } from "../../state/selectors";
import type { RoomState } from "../../state/types";

/** Who is writing, until it is believed no more. */
export function useTyping(it: RoomState, me: UserId | null): UserId[] {
	const [now, setNow] = useState(Date.now);
	const writing = typingIn(it, me, Math.max(now, 0));
	const next = Math.min(...writing.map((id) => it.typing[id] ?? Number.POSITIVE_INFINITY));
	useEffect(() => {
		if (!Number.isFinite(next)) return;
		const timer = setTimeout(() => setNow(Date.now()), Math.max(0, next - Date.now()) + 20);
		return () => clearTimeout(timer);
	}, [next]);
	return writing;
}
