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
}: {
	icon: IconName;
	title: string;
	children?: ReactNode;
	action?: ReactNode;
}) {
	return (
		<div className={styles.empty}>
			<span className={styles.icon}>
				<Icon name={icon} size={24} />
			</span>
			<h2 className={styles.title}>{title}</h2>
			{children ? <div className={styles.text}>{children}</div> : null}
			{action ? <div className={styles.action}>{action}</div> : null}
		</div>
	);
}
