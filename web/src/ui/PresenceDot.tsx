import { classes } from "./classes";
import styles from "./PresenceDot.module.css";

export type Presence = "online" | "away" | "do_not_disturb" | "offline";

/** Colour and shape, so that either is enough: full, crescent, barred, ring. */
export function PresenceDot({
	presence,
	label,
	className,
}: {
	presence: Presence;
	label?: string | undefined;
	className?: string | undefined;
}) {
	const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": true };
	return (
		<svg
			viewBox="0 0 14 14"
			width="14"
			height="14"
			focusable="false"
			className={classes(styles.dot, styles[presence], className)}
			{...named}
		>
			<circle cx="7" cy="7" r="7" className={styles.gap} />
			{shape(presence)}
		</svg>
	);
}

function shape(presence: Presence) {
	switch (presence) {
		case "online":
			return <circle cx="7" cy="7" r="4.5" className={styles.fill} />;
		case "away":
			return (
				<path d="M6.6 2.5a4.5 4.5 0 1 0 4.9 4.9 3.7 3.7 0 0 1-4.9-4.9z" className={styles.fill} />
			);
		case "do_not_disturb":
			return (
				<>
					<circle cx="7" cy="7" r="4.5" className={styles.fill} />
					<path d="M4.6 6.2h4.8v1.6H4.6z" className={styles.gap} />
				</>
			);
		case "offline":
			return <circle cx="7" cy="7" r="3.6" className={styles.ring} />;
	}
}
