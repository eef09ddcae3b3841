import { useEffect, useSyncExternalStore } from "react";
import type { Message, MessageId } from "../../../protocol";
import { useChat } from "../../../state/store";
import { plainText, VisuallyHidden } from "../../../ui";
import { useName } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./ReplyLine.module.css";

/** One line of the message that is answered; it leads there. */
export function ReplyLine({ to, tabIndex }: { to: MessageId; tabIndex: 0 | -1 }) {
	const { t, jump } = useRoomActions();
	const message = useAnswered(to);
	const name = useName(message?.author_id ?? null);
	const known = message !== undefined && message !== null;
	const text =
		message === undefined
			? t("message.reply_to_unknown")
			: message === null || message.deleted
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
			{known ? <VisuallyHidden>{t("message.in_reply_to", { name, text })}</VisuallyHidden> : null}
			<span className={styles.text} dir="auto" aria-hidden={known}>
				{known ? (
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

/** The message, wherever it is known; `undefined`: not yet, `null`: there is none. */
function useAnswered(id: MessageId): Message | null | undefined {
	const { roomId, replied } = useRoomActions();
	const loaded = useChat((state) => state.rooms[roomId]?.messages.get(id));
	const online = useChat((state) => state.connection.at === "online");
	const asked = useSyncExternalStore(replied.subscribe, () => replied.get(id));
	const missing = loaded === undefined && asked === undefined;
	useEffect(
		() => (missing && online ? replied.want(id) : undefined),
		[missing, online, replied, id],
	);
	return loaded ?? asked;
}
