import { useTranslation } from "react-i18next";
import { LANGUAGES, RadioGroup, Select, useLanguage, useTheme } from "../../ui";
import { Part } from "./Part";
import { changeSettings, useSettings } from "./store";

/** How the client looks and behaves on this device. */
export function Appearance() {
	const { t } = useTranslation("account");
	const { theme, setTheme } = useTheme();
	const { language, setLanguage } = useLanguage();
	const { enter, density } = useSettings();
	return (
		<Part title={t("settings.appearance")}>
			<RadioGroup
				label={t("appearance.theme")}
				value={theme}
				onChange={setTheme}
				options={[
					{ value: "system", label: t("appearance.theme_system") },
					{ value: "light", label: t("appearance.theme_light") },
					{ value: "dark", label: t("appearance.theme_dark") },
				]}
			/>
			<Select
				label={t("appearance.language")}
				value={language}
				onChange={(event) => {
					const chosen = LANGUAGES.find((it) => it.code === event.target.value);
					if (chosen) void setLanguage(chosen.code);
				}}
				options={LANGUAGES.map((it) => ({ value: it.code, label: it.name }))}
			/>
			<RadioGroup
				label={t("appearance.enter")}
				value={enter}
				onChange={(value) => changeSettings({ enter: value })}
				options={[
					{ value: "auto", label: t("appearance.enter_auto") },
					{ value: "sends", label: t("appearance.enter_sends") },
					{ value: "line", label: t("appearance.enter_line") },
				]}
			/>
			<RadioGroup
				label={t("appearance.density")}
				value={density}
				onChange={(value) => changeSettings({ density: value })}
				options={[
					{ value: "cosy", label: t("appearance.cosy") },
					{ value: "compact", label: t("appearance.compact") },
				]}
			/>
		</Part>
	);
}
