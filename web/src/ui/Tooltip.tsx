import * as Ariakit from "@ariakit/react";
import type { ReactElement } from "react";
import { Kbd } from "./Kbd";
import styles from "./Tooltip.module.css";

export type TooltipPlacement = "top" | "bottom" | "left" | "right";

/** Shows a few words beside what the pointer rests on or what has the focus. Touch shows none. */
export function Tooltip({
	label,
	shortcut,
	placement = "top",
	children,
}: {
	label: string;
	shortcut?: string | undefined;
	placement?: TooltipPlacement | undefined;
	/** One element that takes a ref. It has to have a name of its own: a tooltip isn't read out. */
	children: ReactElement;
}) {
	return (
		<Ariakit.TooltipProvider placement={placement} timeout={450}>
			<Ariakit.TooltipAnchor render={children} />
			<Ariakit.Tooltip className={styles.tooltip} gutter={6} unmountOnHide aria-hidden="true">
				<span>{label}</span>
				{shortcut ? <Kbd keys={shortcut} /> : null}
			</Ariakit.Tooltip>
		</Ariakit.TooltipProvider>
	);
}
