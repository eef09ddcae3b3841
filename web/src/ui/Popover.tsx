import * as Ariakit from "@ariakit/react";
import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes";
import styles from "./Popover.module.css";
import { staysOperable } from "./persistent";

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
	return (
		<Ariakit.PopoverProvider
			placement={placement}
			{...(open === undefined ? {} : { open })}
			{...(onOpenChange ? { setOpen: onOpenChange } : {})}
		>
			<Ariakit.PopoverDisclosure render={button} />
			<Ariakit.Popover
				aria-label={label}
				className={classes(styles.popover, className)}
				gutter={6}
				overflowPadding={8}
				portal
				unmountOnHide
				getPersistentElements={staysOperable}
			>
				{children}
			</Ariakit.Popover>
		</Ariakit.PopoverProvider>
	);
}
