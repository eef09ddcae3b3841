import type { ReactElement, ReactNode } from "react";
import { useAnchor } from "./overlay/anchor";
import { useOverlays } from "./overlay/load";

export interface PopoverProps {
	/** What opens it. */
	button: ReactElement;
	/** Its name. */
	label: string;
	children: ReactNode;
	open?: boolean | undefined;
	onOpenChange?: ((open: boolean) => void) | undefined;
	placement?:
		| "bottom-start"
		| "bottom-end"
		| "top-start"
		| "top-end"
		| "bottom"
		| "top"
		| undefined;
	className?: string | undefined;
}

/** Something small beside its button: a picker, a card. Esc and a click elsewhere close it. */
export function Popover({
	button,
	label,
	children,
	open,
	onOpenChange,
	placement = "bottom-end",
	className,
}: PopoverProps) {
	const { button: opener, ...anchored } = useAnchor(button, "dialog", open, onOpenChange);
	const overlays = useOverlays(anchored.open);
	return (
		<>
			{opener}
			{overlays ? (
				<overlays.PopoverFrame
					{...anchored}
					label={label}
					placement={placement}
					className={className}
				>
					{children}
				</overlays.PopoverFrame>
			) : null}
		</>
	);
}
