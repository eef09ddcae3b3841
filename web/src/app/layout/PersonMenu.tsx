import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusalOf, useAction, useRefusalText } from "../../features/notices";
import { usePresence, useWatch } from "../../features/people";
import { go, LOG_IN, settingsPath } from "../../features/places";
import type { Me, PresenceChoice } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import {
	Avatar,
	afterMenu,
	ConfirmDialog,
	Menu,
	MenuItem,
	MenuSeparator,
	type Presence,
	PresenceDot,
	type Theme,
	toast,
	useTheme,
} from "../../ui";
import type { Floating } from "../useFloating";
import styles from "./PersonMenu.module.css";

const CHOICES: readonly PresenceChoice[] = ["auto", "away", "do_not_disturb", "invisible"];
const SHOWN: Record<PresenceChoice, Presence> = {
	auto: "online",
	away: "away",
	do_not_disturb: "do_not_disturb",
	invisible: "offline",
};
const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** Oneself: presence, settings, colours, and the way out. */
export function PersonMenu({ me, show }: { me: Me; show: (floating: Floating) => void }) {
	const { t } = useTranslation(["shell", "account"]);
	const { presence, label } = usePresence(me.id);
	const { theme, setTheme } = useTheme();
	const leave = useLogOut();
	useWatch([me.id]);
	const shown = me.presence === "auto" ? (presence ?? null) : SHOWN[me.presence];
	return (
		<>
			<Menu
				label={t("me.menu")}
				button={
					<button type="button" className={styles.button} aria-label={t("me.menu")}>
						<Avatar
							id={me.id}
							name={me.display_name}
							size={32}
							presence={shown}
							presenceLabel={label}
						/>
					</button>
				}
			>
				<div className={styles.who}>
					<bdi className={styles.name}>{me.display_name}</bdi>
					<bdi className={styles.username}>@{me.username}</bdi>
				</div>
				<MenuSeparator />
				<PresenceItems me={me} />
				<MenuSeparator />
				{THEMES.map((it) => (
					<MenuItem
						key={it}
						icon={it === "dark" ? "moon" : it === "light" ? "sun" : "device"}
						checked={theme === it}
						onClick={() => setTheme(it)}
					>
						{t(`account:appearance.theme_${it}`)}
					</MenuItem>
				))}
				<MenuSeparator />
				<MenuItem icon="globe" onClick={() => go(settingsPath("appearance"))}>
					{t("me.language")}
				</MenuItem>
				<MenuItem icon="settings" shortcut="Mod+," onClick={() => go(settingsPath())}>
					{t("me.settings")}
				</MenuItem>
				<MenuItem icon="keyboard" shortcut="?" onClick={() => afterMenu(() => show("shortcuts"))}>
					{t("me.shortcuts")}
				</MenuItem>
				<MenuSeparator />
				<MenuItem icon="log-out" onClick={() => afterMenu(leave.ask)}>
					{t("me.log_out")}
				</MenuItem>
			</Menu>
			<ConfirmDialog
				open={leave.asking}
				onClose={leave.stay}
				title={t("log_out.title")}
				confirmLabel={t("log_out.confirm")}
				cancelLabel={t("log_out.stay")}
				onConfirm={leave.run}
				busy={leave.busy}
				danger
			>
				<p>{t("log_out.text", { count: leave.unsent })}</p>
			</ConfirmDialog>
		</>
	);
}

function PresenceItems({ me }: { me: Me }) {
	const { t } = useTranslation("shell");
	const { setPresence } = useClient();
	const text = useRefusalText();
	const choose = async (choice: PresenceChoice) => {
		try {
			await setPresence(choice);
		} catch (error) {
			toast({ text: text(error), kind: "danger" });
		}
	};
	return CHOICES.map((it) => (
		<MenuItem key={it} checked={me.presence === it} onClick={() => choose(it)}>
			<span className={styles.choice}>
				<PresenceDot presence={SHOWN[it]} />
				<span>
					{t(`me.${it}`)}
					{it === "auto" && <span className={styles.hint}>{t("me.auto_hint")}</span>}
				</span>
			</span>
		</MenuItem>
	));
}

/** Logging out wipes the device; what was not sent would be lost, so that is asked first. */
function useLogOut() {
	const { logOut } = useClient();
	const text = useRefusalText();
	const unsent = useChat((state) => state.unsent.length);
	const [asking, setAsking] = useState(false);
	const { run, busy } = useAction(async () => {
		try {
			await logOut();
			go(LOG_IN, { replace: true });
		} catch (error) {
			const { code } = refusalOf(error);
			if (code !== "session_ended" && code !== "unauthenticated") {
				toast({ text: text(error), kind: "danger" });
			}
		}
		setAsking(false);
	});
	const ask = () => {
		if (unsent > 0) setAsking(true);
		else void run();
	};
	return { ask, asking, stay: () => setAsking(false), run, busy, unsent };
}
