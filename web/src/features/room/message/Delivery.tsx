import { useState } from "react";
import type { MessageId } from "../../../protocol";
import { useChat, useClient } from "../../../state/store";
import type { Unsent } from "../../../state/types";
import { Avatar, Button, ConfirmDialog, Icon } from "../../../ui";
import { useRefusalText } from "../../notices";
import { useNames } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./Delivery.module.css";
import { reach } from "./reach";

/** How far a stored message came. */
export function Delivered({ message, tabIndex }: { message: MessageId; tabIndex: 0 | -1 }) {
	const { t, roomId, me, showSeenBy } = useRoomActions();
	const direct = useChat((state) => state.rooms[roomId]?.room.kind === "direct");
	const read = useChat((state) => reach(state.rooms[roomId]?.members ?? {}, message, me).read);
	const arrived = useChat(
		(state) => reach(state.rooms[roomId]?.members ?? {}, message, me).delivered.length > 0,
	);
	if (read.length > 0 && !direct) {
		return (
			<button
				type="button"
				tabIndex={tabIndex}
				className={styles.seen}
				aria-label={t("delivery.seen", { count: read.length })}
				onClick={() => showSeenBy(message)}
			>
				<SeenAvatars ids={read} />
			</button>
		);
	}
	const word = read.length > 0 ? "read" : arrived ? "delivered" : "sent";
	return (
		<span className={styles.state}>
			<Icon name={word === "sent" ? "check" : "check-double"} size={18} />
			{t(`delivery.${word}`)}
		</span>
	);
}

/** More than this are a number. */
const SHOWN = 5;

function SeenAvatars({ ids }: { ids: readonly string[] }) {
	const shown = ids.slice(0, SHOWN);
	const names = useNames(shown);
	return (
		<>
			{shown.map((id, at) => (
				<Avatar key={id} id={id} name={names[at] ?? ""} size={20} />
			))}
			{ids.length > SHOWN ? <span className={styles.rest}>+{ids.length - SHOWN}</span> : null}
		</>
	);
}

/** What waits, in words; a failed message with what to do about it. */
export function Undelivered({ unsent, tabIndex }: { unsent: Unsent; tabIndex: 0 | -1 }) {
	const { t } = useRoomActions();
	const online = useChat((state) => state.connection.at === "online");
	if (unsent.status === "failed") return <Failed unsent={unsent} tabIndex={tabIndex} />;
	const word = unsent.status === "sending" ? "sending" : online ? "queued" : "waiting";
	return (
		<span className={styles.state}>
			<Icon name="clock" size={18} />
			{t(`delivery.${word}`)}
		</span>
	);
}

function Failed({ unsent, tabIndex }: { unsent: Unsent; tabIndex: 0 | -1 }) {
	const { tryAgain, discard } = useClient();
	const { t, refused } = useRoomActions();
	const why = useRefusalText();
	const [asking, setAsking] = useState(false);
	const drop = () => {
		setAsking(false);
		discard(unsent.nonce).catch(refused);
	};
	return (
		<div className={styles.failed}>
			<p className={styles.why}>
				<Icon name="alert" size={18} />
				<span>
					<strong>{t("delivery.failed")}</strong> {unsent.error ? why(unsent.error) : null}
				</span>
			</p>
			<div className={styles.choices}>
				<Button
					size="small"
					tabIndex={tabIndex}
					onClick={() => void tryAgain(unsent.nonce).catch(refused)}
				>
					{t("delivery.again")}
				</Button>
				<Button size="small" tabIndex={tabIndex} onClick={() => setAsking(true)}>
					{t("delivery.discard")}
				</Button>
			</div>
			<ConfirmDialog
				open={asking}
				onClose={() => setAsking(false)}
				title={t("delivery.discard_title")}
				confirmLabel={t("delivery.discard")}
				danger
				onConfirm={drop}
			>
				{t("delivery.discard_text")}
			</ConfirmDialog>
		</div>
	);
}
