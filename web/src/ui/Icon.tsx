import { classes } from "./classes";
import styles from "./Icon.module.css";
import { ICONS, type IconName, MIRRORED } from "./icons";

/** A picture beside a word or inside a labelled button; it says nothing by itself. */
export function Icon({
	name,
	size = 20,
	className,
}: {
	name: IconName;
	size?: number | undefined;
	className?: string | undefined;
}) {
	return (
		<svg
			viewBox="0 0 24 24"
			width={size}
			height={size}
			aria-hidden="true"
			focusable="false"
			className={classes(styles.icon, MIRRORED.has(name) && styles.mirrored, className)}
		>
			{ICONS[name].map((path) =>
				path.startsWith("*") ? (
					<path key={path} d={path.slice(1)} className={styles.filled} />
				) : (
					<path key={path} d={path} />
				),
			)}
		</svg>
	);
}
