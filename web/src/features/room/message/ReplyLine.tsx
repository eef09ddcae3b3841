import type { MessageId } from "../../../protocol";
import { useChat } from "../../../state/store";
import { plainText, VisuallyHidden } from "../../../ui";
import { useName } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./ReplyLine.module.css";

/** One line of the message that is answered; it leads there. */
export function ReplyLine({ to, tabIndex }: { to: MessageId; tabIndex: 0 | -1 }) {
	const { t, roomId, jump } = useRoomActions();
	const message = useChat((state) => state.rooms[roomId]?.messages.get(to));
	const name = useName(message?.author_id ?? null);
	const text = !message
		? t("message.reply_to_unknown")
		: message.deleted
			? t("message.reply_to_gone")
			: plainText(message.text);
	return (
		<button
			type="button"
			tabIndex={tabIndex}
			className={styles.reply}
			onClick={() => jump(to)}
			title={t("message.go_to_reply")}
		>
			{message ? <VisuallyHidden>{t("message.in_reply_to", { name, text })}</VisuallyHidden> : null}
			<span className={styles.text} dir="auto" aria-hidden={message !== undefined}>
				{message ? (
					<>
						<bdi className={styles.name}>{name}</bdi>: {text}
					</>
				) : (
					text
				)}
			</span>
		</button>
	);
}
