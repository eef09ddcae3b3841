import { useTranslation } from "react-i18next";
import type { RoomId } from "../../../protocol";
import { useChat } from "../../../state/store";
import styles from "./Beginning.module.css";

/** What stands before the first message of a conversation. */
export function Beginning({ roomId, title }: { roomId: RoomId; title: string }) {
	const { t } = useTranslation("room");
	const room = useChat((state) => state.rooms[roomId]?.room);
	const empty = useChat((state) => {
		const it = state.rooms[roomId];
		return it?.live?.ids.every((id) => it.messages.get(id)?.kind === "system") ?? false;
	});
	if (!room) return null;
	const direct = room.kind === "direct";
	return (
		<div className={styles.beginning}>
			<h2 className={styles.title}>
				{direct
					? t("timeline.beginning_direct", { name: title })
					: t("timeline.beginning_title", { name: room.name })}
			</h2>
			{direct ? null : (
				<p className={styles.text} dir="auto">
					{room.description ||
						t(room.kind === "public" ? "timeline.beginning_text" : "timeline.beginning_private")}
				</p>
			)}
			{empty ? (
				<p className={styles.text}>
					{t("timeline.empty_title")}. {t("timeline.empty_text")}
				</p>
			) : null}
		</div>
	);
}
