import type { ReactNode, RefObject } from "react";
import { useOverlays } from "./overlay/load";

export interface DialogProps {
	open: boolean;
	onClose: () => void;
	title: string;
	children?: ReactNode;
	/** Its buttons, the one action last. */
	footer?: ReactNode;
	size?: "small" | "medium" | "large" | undefined;
	/** What has the focus at first; otherwise the first thing that can. */
	initialFocus?: RefObject<HTMLElement | null> | undefined;
	/** `alertdialog`: it wants an answer. */
	role?: "dialog" | "alertdialog" | undefined;
}

/** A matter of its own above the page. Esc and a click beside it close it; the focus goes back. */
export function Dialog(props: DialogProps) {
	const overlays = useOverlays(props.open);
	return overlays ? <overlays.DialogFrame {...props} /> : null;
}
