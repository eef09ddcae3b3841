import { useTranslation } from "react-i18next";
import type { UserId } from "../../protocol";
import { useChat } from "../../state/store";
import { Avatar, Placeholder, TimeText } from "../../ui";
import { usePresence, useWatch } from "../people";
import styles from "./Details.module.css";

/** The other one of a direct conversation. */
export function Person({ id }: { id: UserId }) {
	const { t } = useTranslation("shell");
	const user = useChat((state) => state.users[id]);
	const { presence, label, lastSeen } = usePresence(id);
	useWatch([id]);
	if (!user) return <Placeholder rows={4} avatar />;
	return (
		<div className={styles.body}>
			<div className={styles.person}>
				<Avatar id={id} name={user.display_name} size={48} presence={presence} />
				<div>
					<p className={styles.name}>
						<bdi>{user.display_name}</bdi>
					</p>
					<p className={styles.about}>
						<bdi>@{user.username}</bdi>
					</p>
					{presence && (
						<p className={styles.note}>
							{label}
							{lastSeen !== null && (
								<>
									{" · "}
									{t("presence.last_seen")} <TimeText at={lastSeen} style="relative" />
								</>
							)}
						</p>
					)}
					<p className={styles.note}>
						{t("details.since")}: <TimeText at={user.created_at} style="day" />
					</p>
				</div>
			</div>
		</div>
	);
}
