import { useTranslation } from "react-i18next";
import { classes } from "../../../ui";
import styles from "./Composer.module.css";
import type { Length } from "./limits";

/** How many characters are left, near the limit; and what to do beyond it. */
export function Counter({ id, length }: { id: string; length: Length }) {
	const { t } = useTranslation("room");
	if (!length.near && length.fits) return null;
	return (
		<p id={id} role="status" className={classes(styles.counter, !length.fits && styles.over)}>
			{length.fits
				? t("composer.left", { count: length.left })
				: t("composer.over", { count: -length.left })}
		</p>
	);
}
