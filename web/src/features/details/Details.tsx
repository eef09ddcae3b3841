import { useTranslation } from "react-i18next";
import type { Me, RoomId } from "../../protocol";
import { otherPerson } from "../../state/selectors";
import { useChat } from "../../state/store";
import { IconButton, Placeholder } from "../../ui";
import styles from "./Details.module.css";
import { Person } from "./Person";
import { RoomDetails } from "./RoomDetails";

interface Props {
	roomId: RoomId;
	me: Me;
	onClose: () => void;
	/** Whether they stand in the conversation's place. */
	alone?: boolean;
}

/** What there is to know and to do about a conversation. */
export function Details({ roomId, me, onClose, alone = false }: Props) {
	const Title = alone ? "h1" : "h2";
	const { t } = useTranslation("shell");
	const it = useChat((state) => state.rooms[roomId]);
	const other = it && it.room.kind === "direct" ? otherPerson(it.room, me.id) : null;
	return (
		<div className={styles.pane}>
			<div className={styles.head}>
				<Title className={styles.title}>{t("details.title")}</Title>
				<IconButton icon="close" label={t("details.close")} tooltip="bottom" onClick={onClose} />
			</div>
			{it ? (
				other === null ? (
					<RoomDetails it={it} me={me} />
				) : (
					<Person id={other} />
				)
			) : (
				<Placeholder rows={6} />
			)}
		</div>
	);
}
