import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../protocol";
import { otherPerson, titleOf, unsentIn } from "../../state/selectors";
import { useChat } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Avatar, Icon, TimeText, VisuallyHidden } from "../../ui";
import { usePresence } from "../people";
import { PlaceLink, roomPath } from "../places";
import { attention } from "./attention";
import styles from "./ConversationRow.module.css";
import { lastAt } from "./preview";
import { UnreadBadge } from "./UnreadBadge";
import { usePreviewText } from "./usePreviewText";
import { useTyping } from "./useTyping";

interface Props {
	it: RoomState;
	me: Me;
	open: boolean;
	/** Whether Tab leads to it. */
	stop: boolean;
}

/** One conversation in the list: who or what, the last line, when, how much is unread. */
export const ConversationRow = memo(function ConversationRow({ it, me, open, stop }: Props) {
	const { room } = it;
	const title = useChat((state) => titleOf(state, room));
	const sent = useChat((state) => lastAt(it, unsentIn(state, room.id)));
	const { unread } = attention(it, me);
	return (
		<li className={styles.item}>
			<PlaceLink
				to={roomPath(room.id)}
				className={`${styles.row} ${unread > 0 ? styles.unread : ""}`}
				aria-current={open ? "page" : undefined}
				tabIndex={stop ? 0 : -1}
				data-room={room.id}
			>
				<Picture it={it} me={me} title={title} />
				<span className={styles.words}>
					<span className={styles.top}>
						<bdi className={styles.title}>{title}</bdi>
						{sent !== null && <TimeText at={sent} style="short" className={styles.time} />}
					</span>
					<span className={styles.bottom}>
						<LastLine it={it} me={me} open={open} />
						<UnreadBadge it={it} />
					</span>
				</span>
			</PlaceLink>
		</li>
	);
});

function Picture({ it, me, title }: { it: RoomState; me: Me; title: string }) {
	const { t } = useTranslation("shell");
	const other = it.room.kind === "direct" ? otherPerson(it.room, me.id) : null;
	const { presence, label } = usePresence(other);
	if (other !== null) {
		return <Avatar id={other} name={title} size={32} presence={presence} presenceLabel={label} />;
	}
	const hidden = it.room.kind === "private";
	return (
		<span className={styles.square}>
			<Icon name={hidden ? "lock" : "hash"} size={16} />
			<VisuallyHidden>{hidden ? t("list.private") : t("list.public")}</VisuallyHidden>
		</span>
	);
}

function LastLine({ it, me, open }: { it: RoomState; me: Me; open: boolean }) {
	const { t } = useTranslation("shell");
	const typing = useTyping(it, me.id);
	const first = useChat((state) => state.users[typing[0] ?? ""]?.display_name);
	const { mark, tone, text } = usePreviewText(it, open);
	if (typing.length > 0) {
		const alone =
			it.room.kind === "direct"
				? t("line.typing")
				: t("line.typing_by", { name: first ?? t("someone") });
		return (
			<span className={`${styles.line} ${styles.typing}`}>
				{typing.length > 1 ? t("line.typing_several") : alone}
			</span>
		);
	}
	return (
		<span className={styles.line} dir="auto">
			{mark && <span className={styles[tone]}>{mark} </span>}
			{text}
		</span>
	);
}
