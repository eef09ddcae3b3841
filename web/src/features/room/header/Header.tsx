import { useTranslation } from "react-i18next";
import type { Room } from "../../../protocol";
import { myId, otherPerson } from "../../../state/selectors";
import { useChat } from "../../../state/store";
import { Avatar, Icon, IconButton, TimeText, VisuallyHidden } from "../../../ui";
import styles from "./Header.module.css";
import { useHere } from "./useHere";

/** What the conversation is, and who is there. */
export function Header({
	room,
	title,
	onBack,
	onDetails,
}: {
	/** `null`: nothing may be known of it. */
	room: Room | null;
	title: string;
	onBack?: (() => void) | undefined;
	onDetails?: (() => void) | undefined;
}) {
	const { t } = useTranslation("room");
	return (
		<header className={styles.header}>
			{onBack ? (
				<IconButton icon="back" label={t("header.back")} tooltip="bottom" onClick={onBack} />
			) : null}
			{room === null ? (
				<h1 className={styles.title}>
					<VisuallyHidden>{t("closed.gone_title")}</VisuallyHidden>
				</h1>
			) : room.kind === "direct" ? (
				<Person room={room} title={title} />
			) : (
				<>
					<h1 className={styles.title}>
						{room.kind === "private" ? (
							<Icon name="lock" size={18} className={styles.sign ?? ""} />
						) : null}
						<bdi>
							{room.kind === "public" ? <span aria-hidden="true"># </span> : null}
							{title}
						</bdi>
					</h1>
					<People room={room} />
				</>
			)}
			<span className={styles.space} />
			{onDetails ? (
				<IconButton
					icon="people"
					label={t("header.details")}
					tooltip="bottom"
					onClick={onDetails}
				/>
			) : null}
		</header>
	);
}

function People({ room }: { room: Room }) {
	const { t } = useTranslation("room");
	const { count, here } = useHere(room.id);
	if (count === null) return null;
	return (
		<p className={styles.people}>
			<span>{t("header.people", { count })}</span>
			{here === null ? null : <span> · {t("header.here", { count: here })}</span>}
		</p>
	);
}

function Person({ room, title }: { room: Room; title: string }) {
	const { t } = useTranslation("room");
	const other = useChat((state) => otherPerson(room, myId(state)));
	useHere(room.id);
	const presence = useChat((state) => (other === null ? undefined : state.presence[other]));
	return (
		<>
			{other === null ? null : (
				<Avatar id={other} name={title} size={28} presence={presence?.status ?? null} />
			)}
			<h1 className={styles.title}>
				<bdi>{title}</bdi>
			</h1>
			{presence ? (
				<p className={styles.people}>
					<span>{t(`presence.${presence.status}`)}</span>
					{presence.status === "offline" && presence.lastSeen ? (
						<span>
							{" "}
							· <TimeText at={presence.lastSeen} style="relative" />
						</span>
					) : null}
				</p>
			) : null}
		</>
	);
}
