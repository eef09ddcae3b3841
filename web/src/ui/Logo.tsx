import { useId } from "react";
import { BIRD, EYE, WING } from "./bird";
import { classes } from "./classes";
import styles from "./Logo.module.css";

/** The mark: a starling, whose feathers go from teal over indigo to violet. */
export function Logo({
	size = 28,
	label,
	className,
}: {
	size?: number | undefined;
	/** Its name, where no word beside it says it. */
	label?: string | undefined;
	className?: string | undefined;
}) {
	const id = useId();
	const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": true };
	return (
		<svg
			viewBox="0 0 32 32"
			width={size}
			height={size}
			focusable="false"
			className={classes(styles.logo, className)}
			{...named}
		>
			<defs>
				<linearGradient id={id} x1="3" y1="25" x2="29" y2="6" gradientUnits="userSpaceOnUse">
					<stop offset="0" className={styles.teal} />
					<stop offset="0.5" className={styles.indigo} />
					<stop offset="1" className={styles.violet} />
				</linearGradient>
			</defs>
			<path d={BIRD} fill={`url(#${id})`} />
			<path d={WING} className={styles.wing} />
			<path d={EYE} className={styles.eye} />
		</svg>
	);
}
