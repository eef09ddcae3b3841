import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { MessageId, SeenBy as Seen, UserId } from "../../../protocol";
import { useClient } from "../../../state/store";
import { Avatar, Button, Dialog, Notice, Placeholder } from "../../../ui";
import { useRefusalText } from "../../notices";
import { useName } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./SeenBy.module.css";

type Answer = { at: "asking" } | { at: "known"; seen: Seen } | { at: "refused"; error: unknown };

/** Who has read a message, and whom it has reached. The server knows better than what is kept here. */
export function SeenBy({ message, onClose }: { message: MessageId; onClose: () => void }) {
	const { t } = useTranslation("room");
	const { roomId } = useRoomActions();
	const { seenBy } = useClient();
	const why = useRefusalText();
	const [answer, setAnswer] = useState<Answer>({ at: "asking" });
	const [attempt, setAttempt] = useState(0);
	useEffect(() => {
		let wanted = true;
		setAnswer({ at: "asking" });
		seenBy(roomId, message).then(
			(seen) => wanted && setAnswer({ at: "known", seen }),
			(error) => wanted && setAnswer({ at: "refused", error }),
		);
		return () => {
			wanted = false;
		};
	}, [roomId, message, seenBy, attempt]);
	const seen = answer.at === "known" ? answer.seen : null;
	const delivered = seen?.delivered.filter((id) => !seen.read.includes(id)) ?? [];
	return (
		<Dialog
			open
			onClose={onClose}
			title={t("seen.title")}
			size="small"
			footer={<Button onClick={onClose}>{t("seen.close")}</Button>}
		>
			{answer.at === "asking" ? <Placeholder rows={3} avatar /> : null}
			{answer.at === "refused" ? (
				<Notice
					kind="warn"
					action={
						<Button size="small" onClick={() => setAttempt(attempt + 1)}>
							{t("timeline.again")}
						</Button>
					}
				>
					{why(answer.error)}
				</Notice>
			) : null}
			{seen ? <People title={t("seen.read")} ids={seen.read} /> : null}
			{seen ? <People title={t("seen.delivered")} ids={delivered} /> : null}
			{seen && seen.read.length + delivered.length === 0 ? <p>{t("seen.nobody")}</p> : null}
		</Dialog>
	);
}

function People({ title, ids }: { title: string; ids: readonly UserId[] }) {
	if (ids.length === 0) return null;
	return (
		<section className={styles.people}>
			<h2 className={styles.title}>{title}</h2>
			<ul role="list" className={styles.list}>
				{ids.map((id) => (
					<Person key={id} id={id} />
				))}
			</ul>
		</section>
	);
}

function Person({ id }: { id: UserId }) {
	const name = useName(id);
	return (
		<li className={styles.person}>
			<Avatar id={id} name={name} size={28} />
			<bdi>{name}</bdi>
		</li>
	);
}
