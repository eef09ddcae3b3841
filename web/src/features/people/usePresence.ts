import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { UserId } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import type { Presence } from "../../state/types";

/** More than this at once are more than anybody looks at, and than the server tells. */
const WATCHED = 150;

/** Keeps the presence of these people up to date while the component is there. */
export function useWatch(ids: readonly UserId[]): void {
	const { watch, wantUsers } = useClient();
	const key = ids.slice(0, WATCHED).join(" ");
	useEffect(() => {
		if (key === "") return;
		const asked = key.split(" ");
		wantUsers(asked);
		return watch(asked);
	}, [key, watch, wantUsers]);
}

/** Somebody's presence and what it is called; `null` where it isn't known. */
export function usePresence(id: UserId | null): {
	presence: Presence["status"] | null;
	label: string;
	lastSeen: number | null;
} {
	const { t } = useTranslation("shell");
	const known = useChat((state) => (id === null ? undefined : state.presence[id]));
	if (!known) return { presence: null, label: "", lastSeen: null };
	const lastSeen = known.status === "offline" ? (known.lastSeen ?? null) : null;
	return { presence: known.status, label: t(`presence.${known.status}`), lastSeen };
}
