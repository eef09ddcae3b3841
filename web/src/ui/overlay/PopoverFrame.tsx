import * as Ariakit from "@ariakit/react";
import { type ReactNode, useEffect } from "react";
import { classes } from "../classes";
import { staysOperable } from "../persistent";
import type { Anchored } from "./anchor";
import styles from "./PopoverFrame.module.css";

/** The popover itself. What loads it is `Popover`. */
export function PopoverFrame({
	anchor,
	open,
	setOpen,
	id,
	label,
	placement,
	className,
	children,
}: Omit<Anchored, "button"> & {
	label: string;
	placement: "bottom-start" | "bottom-end" | "top-start" | "top-end" | "bottom" | "top";
	className: string | undefined;
	children: ReactNode;
}) {
	const popover = Ariakit.usePopoverStore({ placement, open, setOpen });
	useEffect(() => {
		popover.setAnchorElement(anchor);
		popover.setDisclosureElement(anchor);
	}, [popover, anchor]);
	return (
		<Ariakit.Popover
			store={popover}
			id={id}
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
	);
}
