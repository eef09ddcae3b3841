import { memo } from "react";
import styles from "./Avatar.module.css";
import { hueOf, initials } from "./avatar";
import { classes } from "./classes";
import { type Presence, PresenceDot } from "./PresenceDot";

export interface AvatarProps {
	/** Decides the hue. */
	id: string;
	name: string;
	size?: 20 | 28 | 32 | 34 | 48 | undefined;
	presence?: Presence | null | undefined;
	/** The presence in words. Without it the dot is silent. */
	presenceLabel?: string | undefined;
	className?: string | undefined;
}

/** A person's square. Their name stands beside it or is said by what holds it. */
export const Avatar = memo(function Avatar({
	id,
	name,
	size = 34,
	presence,
	presenceLabel,
	className,
}: AvatarProps) {
	return (
		<span className={classes(styles.avatar, styles[`size${size}`], className)}>
			<span className={classes(styles.square, styles[`hue${hueOf(id)}`])} aria-hidden="true">
				{initials(name, size === 20 ? 1 : 2)}
			</span>
			{presence ? (
				<PresenceDot presence={presence} label={presenceLabel} className={styles.dot} />
			) : null}
		</span>
	);
});
