import { useTranslation } from "react-i18next";
import type { Me } from "../../protocol";
import { PlaceLink, SECTIONS, type Section, settingsPath } from "../places";
import { About } from "./About";
import { Account } from "./Account";
import { Appearance } from "./Appearance";
import { Notifications } from "./Notifications";
import { Sessions } from "./Sessions";
import styles from "./SettingsPage.module.css";

const CONTENT: Record<Section, (props: { me: Me }) => React.ReactNode> = {
	account: Account,
	sessions: Sessions,
	appearance: Appearance,
	notifications: Notifications,
	about: About,
};

/** All that a person sets for themselves, in sections with addresses of their own. */
export function SettingsPage({ section, me }: { section: Section; me: Me }) {
	const { t } = useTranslation("account");
	const Content = CONTENT[section];
	return (
		<div className={styles.page}>
			<nav aria-label={t("settings.sections")}>
				<ul role="list" className={styles.sections}>
					{SECTIONS.map((it) => (
						<li key={it}>
							<PlaceLink
								to={settingsPath(it)}
								replace
								className={styles.section}
								aria-current={it === section ? "page" : undefined}
							>
								{t(`settings.${it}`)}
							</PlaceLink>
						</li>
					))}
				</ul>
			</nav>
			<div className={styles.content}>
				<Content me={me} />
			</div>
		</div>
	);
}
