import { memo } from "react";
import type { Message } from "../../../protocol";
import { Icon, type IconName, TimeText } from "../../../ui";
import { useName } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./SystemLine.module.css";

const ICONS: Partial<Record<string, IconName>> = {
	created: "home",
	joined: "person",
	left: "person",
	added: "person",
	removed: "person",
	role_changed: "people",
};

/** What happened to the room, as a sentence. */
export const SystemLine = memo(function SystemLine({ message }: { message: Message }) {
	const sentence = useSystemSentence(message);
	return (
		<p className={styles.line}>
			<Icon name={ICONS[message.system?.event ?? ""] ?? "info"} size={18} />
			<span>{sentence}</span>
			<TimeText at={message.sent_at} style="time" className={styles.time ?? ""} />
		</p>
	);
});

/** Of a message of the kind `system`. What a newer server tells is a change, for this one. */
export function useSystemSentence({ author_id, system }: Message): string {
	const { t } = useRoomActions();
	const who = useName(author_id);
	const whom = useName(system && "user_id" in system ? system.user_id : null);
	switch (system?.event) {
		case "created":
		case "joined":
		case "left":
			return t(`system.${system.event}`, { who });
		case "added":
		case "removed":
			return t(`system.${system.event}`, { who, whom });
		case "role_changed":
			if (system.role === "owner") return t("system.made_owner", { who, whom });
			return t(system.role === "admin" ? "system.made_admin" : "system.made_member", { who, whom });
		case "changed":
			if (system.name) return t("system.renamed", { who, name: system.name });
			if (system.description) {
				return t("system.described", { who, description: system.description });
			}
			if (system.description === "") return t("system.description_removed", { who });
			if (system.kind === "public") return t("system.made_public", { who });
			if (system.kind === "private") return t("system.made_private", { who });
			return t("system.changed", { who });
		default:
			return t("system.changed", { who });
	}
}
