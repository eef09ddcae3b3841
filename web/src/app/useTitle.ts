import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { DISCOVER } from "../features/places";
import type { RoomId } from "../protocol";
import { titleOf } from "../state/selectors";
import { useChat } from "../state/store";
import { setPageTitle } from "../ui";

/** The page is called after what it shows. */
export function useTitle(path: string, room: RoomId | null): void {
	const { t } = useTranslation(["shell", "account"]);
	const name = useChat((state) => {
		const it = room === null ? undefined : state.rooms[room];
		return it ? titleOf(state, it.room) : null;
	});
	const settings = path.startsWith("/settings") ? t("account:settings.title") : null;
	const page = path === DISCOVER ? t("discover.title") : settings;
	const title = name ?? page;
	useEffect(() => {
		setPageTitle(title ? `${title} · Starling` : "Starling");
	}, [title]);
}
