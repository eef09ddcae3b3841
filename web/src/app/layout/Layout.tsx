import type { ReactNode } from "react";
import styles from "./Layout.module.css";
import { useViewportHeight } from "./useViewportHeight";

/** With one pane at a time: the one in front. Where there is room, the others stand beside it. */
export type Front = "list" | "main" | "details";

interface Props {
	front: Front;
	list: ReactNode;
	main: ReactNode;
	details: ReactNode;
}

/** The list, the conversation, its details. Those that are not in front keep their place and scroll. */
export function Layout({ front, list, main, details }: Props) {
	useViewportHeight();
	return (
		<div className={styles.layout} data-front={front} data-details={details ? "open" : undefined}>
			<div className={styles.list}>{list}</div>
			<main className={styles.main} id="main" tabIndex={-1}>
				{main}
			</main>
			{details && <div className={styles.details}>{details}</div>}
		</div>
	);
}
