import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { classes } from "./classes";
import styles from "./Toolbar.module.css";

const BUTTONS = "button:not(:disabled)";

/** Buttons in a row with one tab stop; arrow keys go from one to the next. */
export function Toolbar({
	label,
	className,
	children,
}: {
	label: string;
	className?: string | undefined;
	children: ReactNode;
}) {
	const ref = useRef<HTMLDivElement>(null);
	const [current, setCurrent] = useState(0);
	const buttons = () => [...(ref.current?.querySelectorAll<HTMLElement>(BUTTONS) ?? [])];
	useLayoutEffect(() => {
		const all = buttons();
		const stop = Math.min(current, all.length - 1);
		for (const [at, it] of all.entries()) it.tabIndex = at === stop ? 0 : -1;
	});
	const move = (event: KeyboardEvent<HTMLDivElement>) => {
		const all = buttons();
		const at = all.findIndex((it) => it.contains(document.activeElement));
		const next = nextOf(event.key, at, all.length, event.currentTarget.matches(":dir(rtl)"));
		const target = next === null ? undefined : all[next];
		if (next === null || !target) return;
		event.preventDefault();
		setCurrent(next);
		target.focus();
	};
	return (
		<div
			ref={ref}
			role="toolbar"
			aria-label={label}
			className={classes(styles.toolbar, className)}
			onKeyDown={move}
			onFocus={(event) => setCurrent(Math.max(0, buttons().indexOf(event.target)))}
		>
			{children}
		</div>
	);
}

function nextOf(key: string, at: number, count: number, rtl: boolean): number | null {
	const along = rtl ? "ArrowLeft" : "ArrowRight";
	const back = rtl ? "ArrowRight" : "ArrowLeft";
	if (key === along) return (at + 1) % count;
	if (key === back) return (at - 1 + count) % count;
	if (key === "Home") return 0;
	if (key === "End") return count - 1;
	return null;
}
