import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { isNarrow, NARROW, NOT_WIDE, useMedia } from "../../features/places";
import styles from "./Layout.module.css";
import { useViewportHeight } from "./useViewportHeight";

/** With one pane at a time: the one in front. Where there is room, the others stand beside it. */
export type Front = "list" | "main" | "details";

interface Props {
	front: Front;
	list: ReactNode;
	main: ReactNode;
	details: ReactNode;
	/** What the foot of the list says, for when the list is not in front. */
	foot: ReactNode;
}

/** The list, the conversation, its details. Those that are not in front keep their place and scroll. */
export function Layout({ front, list, main, details, foot }: Props) {
	const { t } = useTranslation("shell");
	const layout = useRef<HTMLDivElement>(null);
	const narrow = useMedia(NARROW);
	const notWide = useMedia(NOT_WIDE);
	useViewportHeight();
	useFocusInFront(layout, front);
	const skip = (event: React.MouseEvent) => {
		event.preventDefault();
		layout.current?.querySelector<HTMLElement>("main")?.focus();
	};
	return (
		<div
			ref={layout}
			className={styles.layout}
			data-front={front}
			data-details={details ? "open" : undefined}
		>
			<a href="#main" className={styles.skip} onClick={skip}>
				{t("skip")}
			</a>
			{/* What stands alone in front is what the page is mainly about. */}
			<div
				className={styles.list}
				data-pane="list"
				role={narrow && front === "list" ? "main" : undefined}
			>
				{list}
			</div>
			<main className={styles.main} id="main" data-pane="main" tabIndex={-1}>
				{main}
			</main>
			{details && (
				<div
					className={styles.details}
					data-pane="details"
					tabIndex={-1}
					aria-label={t("details.title")}
					role={notWide && front === "details" ? "main" : "complementary"}
				>
					{details}
				</div>
			)}
			<div className={styles.foot}>{foot}</div>
		</div>
	);
}

/** With one pane at a time, the focus goes along with what is in front. */
function useFocusInFront(layout: React.RefObject<HTMLElement | null>, front: Front): void {
	const before = useRef(front);
	useEffect(() => {
		if (before.current === front) return;
		before.current = front;
		const pane = layout.current?.querySelector<HTMLElement>(`[data-pane=${front}]`);
		if (!pane || pane.contains(document.activeElement)) return;
		if (front === "list" && !isNarrow()) return;
		const row = pane.querySelector<HTMLElement>("[data-room][tabindex='0']");
		(front === "list" ? row : pane)?.focus({ preventScroll: true });
	}, [layout, front]);
}
