import { useTranslation } from "react-i18next";
import { useChat } from "../../../state/store";
import type { Draft } from "../../../state/types";
import { Icon, IconButton, plainText } from "../../../ui";
import { useName } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./Composer.module.css";

/** That one answers or edits a message, and how to stop. */
export function Doing({ draft, onStop }: { draft: Draft; onStop: () => void }) {
	const { t } = useTranslation("room");
	const { roomId } = useRoomActions();
	const about = draft.editing ?? draft.replyTo;
	const message = useChat((state) =>
		about ? state.rooms[roomId]?.messages.get(about) : undefined,
	);
	const name = useName(message?.author_id ?? null);
	if (!about) return null;
	const editing = draft.editing !== undefined;
	return (
		<div className={styles.doing}>
			<Icon name={editing ? "edit" : "reply"} size={18} />
			<span className={styles.about}>
				<strong>{editing ? t("composer.editing") : t("composer.replying", { name })}</strong>{" "}
				{message ? <bdi>{plainText(message.text)}</bdi> : null}
			</span>
			<IconButton
				icon="close"
				size="small"
				label={t(editing ? "composer.cancel_edit" : "composer.cancel_reply")}
				shortcut="Esc"
				onClick={onStop}
			/>
		</div>
	);
}
