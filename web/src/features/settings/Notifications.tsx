import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../protocol";
import { Notice, Switch } from "../../ui";
import { Part } from "./Part";
import { changeSettings, useSettings } from "./store";

const supported = () => typeof Notification === "function";
const permission = () => (supported() ? Notification.permission : "denied");

/** What calls for attention while one looks elsewhere. */
export function Notifications({ me }: { me: Me }) {
	const { t } = useTranslation("account");
	const { notify, badge, sound } = useSettings();
	const [allowed, setAllowed] = useState(permission);
	const choose = async (on: boolean) => {
		if (on && supported() && Notification.permission === "default") {
			await Notification.requestPermission();
		}
		setAllowed(permission());
		changeSettings({ notify: on && permission() === "granted" });
	};
	return (
		<Part title={t("settings.notifications")}>
			{me.presence === "do_not_disturb" && <Notice kind="info">{t("notifications.quiet")}</Notice>}
			<Switch
				label={t("notifications.notify")}
				hint={t("notifications.notify_hint")}
				checked={notify && allowed === "granted"}
				disabled={!supported()}
				onChange={choose}
			/>
			{!supported() && <Notice kind="info">{t("notifications.unsupported")}</Notice>}
			{supported() && allowed === "denied" && (
				<Notice kind="warn">{t("notifications.denied")}</Notice>
			)}
			<Switch
				label={t("notifications.sound")}
				hint={t("notifications.sound_hint")}
				checked={sound}
				onChange={(on) => changeSettings({ sound: on })}
			/>
			<Switch
				label={t("notifications.badge")}
				checked={badge}
				onChange={(on) => changeSettings({ badge: on })}
			/>
		</Part>
	);
}
