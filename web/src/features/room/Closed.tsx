import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RoomDetails, RoomId } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import { Button, EmptyState, type IconName, Notice, Placeholder } from "../../ui";
import { refusalOf, useRefusalText } from "../notices";
import { Header } from "./header/Header";
import { Leftover } from "./Leftover";
import styles from "./RoomPane.module.css";

type Found =
	| { at: "asking" }
	| { at: "found"; details: RoomDetails }
	| { at: "refused"; error: unknown };

/** A conversation that one is not in: what can be said of it, and how to come in. */
export function Closed({ roomId, onBack }: { roomId: RoomId; onBack?: (() => void) | undefined }) {
	const { t } = useTranslation("room");
	const { roomDetails } = useClient();
	const room = useChat((state) => state.rooms[roomId]?.room ?? null);
	const left = useChat((state) => state.rooms[roomId]?.me?.state === "left");
	const deleted = useChat((state) => state.rooms[roomId]?.room.deleted === true);
	const [found, setFound] = useState<Found>({ at: "asking" });
	const ask = useCallback(() => {
		setFound({ at: "asking" });
		return roomDetails(roomId).then(
			(details) => setFound({ at: "found", details }),
			(error) => setFound({ at: "refused", error }),
		);
	}, [roomDetails, roomId]);
	useEffect(() => {
		if (!deleted) void ask();
	}, [deleted, ask]);

	const header = <Header room={room} title={room?.name ?? ""} onBack={onBack} />;
	const say = (icon: IconName, title: string, text: string, action?: ReactNode) => (
		<>
			{header}
			<div className={styles.closed}>
				<EmptyState icon={icon} title={title} action={action}>
					{text}
				</EmptyState>
				<Leftover roomId={roomId} />
			</div>
		</>
	);
	if (deleted) return say("trash", t("closed.deleted_title"), t("closed.deleted_text"));
	if (found.at === "asking") {
		return (
			<>
				{header}
				<div className={styles.closed}>
					<Placeholder rows={3} />
				</div>
			</>
		);
	}
	if (found.at === "refused") {
		const { code } = refusalOf(found.error);
		if (code !== "not_found" && code !== "forbidden") {
			const again = <Button onClick={() => void ask()}>{t("closed.again")}</Button>;
			return say("wifi-off", t("closed.failed_title"), t("closed.failed_text"), again);
		}
		if (left) return say("lock", t("closed.left_title"), t("closed.left_text"));
		return say("lock", t("closed.gone_title"), t("closed.gone_text"));
	}
	return <Preview details={found.details} onBack={onBack} />;
}

/** A public room before one has joined it. */
function Preview({ details, onBack }: { details: RoomDetails; onBack?: (() => void) | undefined }) {
	const { t } = useTranslation("room");
	const { join } = useClient();
	const why = useRefusalText();
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<string | null>(null);
	const { room, member_count: count } = details;
	const enter = async () => {
		setBusy(true);
		setError(null);
		try {
			await join(room.id);
		} catch (reason) {
			setError(why(reason));
		} finally {
			setBusy(false);
		}
	};
	return (
		<>
			<Header room={room} title={room.name} onBack={onBack} />
			<div className={styles.closed}>
				<EmptyState
					icon="hash"
					title={t("closed.public_title", { name: room.name })}
					action={
						<Button variant="primary" busy={busy} onClick={() => void enter()}>
							{t("closed.join")}
						</Button>
					}
				>
					{room.description ? <p dir="auto">{room.description}</p> : null}
					<p>{t("header.people", { count })}</p>
					<p>{t("closed.public_text")}</p>
				</EmptyState>
				{error ? <Notice kind="danger">{error}</Notice> : null}
				<Leftover roomId={room.id} />
			</div>
		</>
	);
}
