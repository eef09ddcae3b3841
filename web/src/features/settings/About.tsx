import { useTranslation } from "react-i18next";
import { version } from "../../../package.json";
import { Logo } from "../../ui";
import styles from "./Account.module.css";
import { Part } from "./Part";

/** What this is, and where its documents are. */
export function About() {
	const { t } = useTranslation("account");
	return (
		<Part title={t("settings.about")}>
			<div className={styles.me}>
				<Logo size={48} />
				<div>
					<p>{t("about.text")}</p>
					<p className={styles.note}>
						{t("about.version")} <bdi>{version}</bdi>
					</p>
				</div>
			</div>
			<ul role="list">
				<li>
					<a href="/docs/protocol.md">{t("about.protocol")}</a>
				</li>
				<li>
					<a href="/openapi.json">{t("about.api")}</a>
				</li>
			</ul>
			<p className={styles.note}>{t("about.licence")}</p>
		</Part>
	);
}
