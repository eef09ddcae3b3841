import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { go, NARROW, roomPath, useMedia } from "../features/places";
import { useSettings } from "../features/settings";
import { conversations } from "../state/selectors";
import { useChat } from "../state/store";
import { EmptyState, Kbd } from "../ui";

/** Where there is room for two panes, the conversation that was open last comes up by itself. */
export function Home() {
	const { t } = useTranslation("shell");
	const narrow = useMedia(NARROW);
	const { lastRoom } = useSettings();
	const loaded = useChat((state) => state.conversationsLoaded);
	const there = useChat((state) => {
		const it = lastRoom === null ? undefined : state.rooms[lastRoom];
		return it?.me?.state === "joined" && !it.room.deleted;
	});
	const empty = useChat((state) => conversations(state).length === 0);
	const target = !narrow && there ? lastRoom : null;
	useEffect(() => {
		if (target !== null) go(roomPath(target), { replace: true });
	}, [target]);
	const name = useChat((state) => (state.session.at === "in" ? state.session.me.display_name : ""));
	if (narrow || target !== null || !loaded) return null;
	if (empty) {
		return (
			<EmptyState icon="smile" title={t("main.welcome_title", { name })}>
				{t("main.welcome_text")} <Kbd keys="Mod+K" />
			</EmptyState>
		);
	}
	return (
		<EmptyState icon="hash" title={t("main.choose_title")}>
			{t("main.choose_text")} <Kbd keys="Mod+K" />
		</EmptyState>
	);
}
