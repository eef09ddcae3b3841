import { useTranslation } from "react-i18next";
import { Icon } from "../../../ui";
import styles from "./JumpToLatest.module.css";

/** Leads back to the newest message; with the number of those that came meanwhile. */
export function JumpToLatest({ count, onClick }: { count: number; onClick: () => void }) {
	const { t } = useTranslation("room");
	return (
		<div className={styles.place}>
			<button type="button" className={styles.button} onClick={onClick}>
				<Icon name="arrow-down" size={18} />
				<span>{t("timeline.latest")}</span>
				{count > 0 ? (
					<span className={styles.count}>{t("timeline.latest_new", { count })}</span>
				) : null}
			</button>
		</div>
	);
}
