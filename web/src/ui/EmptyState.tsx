import type { ReactNode } from "react";
import styles from "./EmptyState.module.css";
import { Icon } from "./Icon";
import type { IconName } from "./icons";

/** What a place is for, where nothing is in it yet, and the first thing to do there. */
export function EmptyState({
	icon,
	title,
	children,
	action,
	heading: Heading = "h2",
}: {
	icon: IconName;
	title: string;
	children?: ReactNode;
	action?: ReactNode;
	/** `h1` where it is all that the page says. */
	heading?: "h1" | "h2" | undefined;
}) {
	return (
		<div className={styles.empty}>
			<span className={styles.icon}>
				<Icon name={icon} size={24} />
			</span>
			<Heading className={styles.title}>{title}</Heading>
			{children ? <div className={styles.text}>{children}</div> : null}
			{action ? <div className={styles.action}>{action}</div> : null}
		</div>
	);
}
