import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { CreateRoom } from "../../features/conversations";
import { Jump, type JumpAction } from "../../features/jump";
import { StartDirect } from "../../features/people";
import { DISCOVER, go, settingsPath } from "../../features/places";
import { ShortcutSheet } from "../../features/shortcuts";
import type { Floating } from "../useFloating";

export interface FloatsProps {
	floating: Floating | null;
	show: (floating: Floating) => void;
	hide: () => void;
}

/** The dialogs that are asked for from everywhere. */
export function Dialogs({ floating, show, hide }: FloatsProps) {
	const { t } = useTranslation("shell");
	const actions = useMemo(
		(): JumpAction[] => [
			{ icon: "plus", label: t("list.create"), run: () => show("create") },
			{ icon: "globe", label: t("list.discover"), run: () => go(DISCOVER) },
			{ icon: "person", label: t("list.start"), run: () => show("start") },
			{ icon: "settings", label: t("me.settings"), run: () => go(settingsPath()) },
			{ icon: "keyboard", label: t("me.shortcuts"), run: () => show("shortcuts") },
		],
		[t, show],
	);
	return (
		<>
			<Jump open={floating === "jump"} onClose={hide} actions={actions} />
			<CreateRoom open={floating === "create"} onClose={hide} />
			<StartDirect open={floating === "start"} onClose={hide} />
			<ShortcutSheet open={floating === "shortcuts"} onClose={hide} />
		</>
	);
}
