import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../protocol";
import type { RoomState } from "../../state/types";
import { Button, Markdown, TimeText, useToast } from "../../ui";
import { type Action, may } from "../permissions";
import { addressOf, roomPath } from "../places";
import { AddSomebody } from "./AddSomebody";
import { DeleteRoom } from "./DeleteRoom";
import styles from "./Details.module.css";
import { EditRoom } from "./EditRoom";
import { LeaveRoom } from "./LeaveRoom";
import { Members } from "./Members";

type Open = "edit" | "leave" | "delete" | "add" | null;

/** Of a room: what it is for, who is in it, and what one may do. */
export function RoomDetails({ it, me }: { it: RoomState; me: Me }) {
	const { t } = useTranslation("shell");
	const [open, setOpen] = useState<Open>(null);
	/** The members are rendered as they scroll into sight, in this element. */
	const [body, setBody] = useState<HTMLElement | null>(null);
	const close = () => setOpen(null);
	const { room } = it;
	const role = it.me?.state === "joined" ? it.me.role : null;
	const can = (action: Action) => may({ room, role, server: me.role }, action);
	return (
		<div className={styles.body} ref={setBody}>
			<section className={styles.section}>
				<h2 className={styles.label}>{t("details.about")}</h2>
				<p className={styles.name}>
					<bdi>{room.name}</bdi>
				</p>
				{room.description ? (
					<div className={styles.about}>
						<Markdown text={room.description} />
					</div>
				) : (
					<p className={styles.note}>{t("details.no_description")}</p>
				)}
				<p className={styles.note}>
					{t(room.kind === "public" ? "details.public" : "details.private")}
				</p>
				<p className={styles.note}>
					{t("details.created")}: <TimeText at={room.created_at} style="day" />
				</p>
				<div className={styles.actions}>
					{can({ do: "change" }) && (
						<Button size="small" icon="edit" onClick={() => setOpen("edit")}>
							{t("details.edit")}
						</Button>
					)}
					<CopyLink it={it} />
					{can({ do: "leave" }) && (
						<Button size="small" icon="log-out" onClick={() => setOpen("leave")}>
							{t("details.leave")}
						</Button>
					)}
					{can({ do: "delete_room" }) && (
						<Button size="small" icon="trash" onClick={() => setOpen("delete")}>
							{t("details.delete")}
						</Button>
					)}
				</div>
			</section>
			<Members
				it={it}
				me={me}
				scroller={body}
				{...(can({ do: "add" }) && { onAdd: () => setOpen("add") })}
			/>
			<EditRoom it={it} open={open === "edit"} onClose={close} />
			<LeaveRoom it={it} open={open === "leave"} onClose={close} />
			<DeleteRoom it={it} open={open === "delete"} onClose={close} />
			<AddSomebody it={it} open={open === "add"} onClose={close} />
		</div>
	);
}

function CopyLink({ it }: { it: RoomState }) {
	const { t } = useTranslation("shell");
	const toast = useToast();
	const copy = async () => {
		const address = addressOf(roomPath(it.room.id));
		try {
			await navigator.clipboard.writeText(address);
			toast({ text: t("details.copied"), kind: "ok" });
		} catch {
			toast({ text: t("details.copy_refused", { address }), kind: "warn" });
		}
	};
	return (
		<Button size="small" icon="link" onClick={copy}>
			{t("details.copy_link")}
		</Button>
	);
}
