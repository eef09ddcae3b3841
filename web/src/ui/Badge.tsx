import { useTranslation } from "react-i18next";
import styles from "./Badge.module.css";
import { classes } from "./classes";
import { VisuallyHidden } from "./VisuallyHidden";

/** From here on the exact number tells nothing more. */
const MOST = 99;

/** How much is unread. Filled where it concerns the person; nothing at 0. */
export function Badge({
	count,
	filled = false,
	label,
}: {
	count: number;
	filled?: boolean | undefined;
	/** The number in words: "3 unread messages". */
	label?: string | undefined;
}) {
	const { i18n } = useTranslation("ui");
	if (count <= 0) return null;
	const number = new Intl.NumberFormat(i18n.language).format(Math.min(count, MOST));
	return (
		<span className={classes(styles.badge, filled && styles.filled)}>
			<span aria-hidden={label ? true : undefined}>{count > MOST ? `${number}+` : number}</span>
			{label ? <VisuallyHidden>{label}</VisuallyHidden> : null}
		</span>
	);
}
