import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RoomId } from "../../protocol";
import { myId, typingIn } from "../../state/selectors";
import { useChat } from "../../state/store";
import { useNames } from "./names";
import styles from "./TypingLine.module.css";

/** Who is writing. It keeps its height, so that nothing moves. */
export function TypingLine({ roomId }: { roomId: RoomId }) {
	const { t } = useTranslation("room");
	const [now, setNow] = useState(Date.now);
	const who = useChat((state) => {
		const room = state.rooms[roomId];
		return room ? typingIn(room, myId(state), now) : [];
	});
	const until = useChat((state) =>
		Math.min(...Object.values(state.rooms[roomId]?.typing ?? {}).filter((it) => it > now)),
	);
	useEffect(() => {
		if (!Number.isFinite(until)) return;
		const timer = setTimeout(() => setNow(Date.now()), Math.max(0, until - Date.now()) + 10);
		return () => clearTimeout(timer);
	}, [until]);
	const [first = "", second = ""] = useNames(who.slice(0, 2));
	const text =
		who.length === 0
			? ""
			: who.length === 1
				? t("typing.one", { first })
				: who.length === 2
					? t("typing.two", { first, second })
					: t("typing.many");
	return (
		<p className={styles.typing} role="status" aria-live="polite">
			{text}
		</p>
	);
}
