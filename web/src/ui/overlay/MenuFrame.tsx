import * as Ariakit from "@ariakit/react";
import { type KeyboardEvent, type ReactNode, useEffect } from "react";
import { MenuParts } from "../MenuParts";
import { staysOperable } from "../persistent";
import type { Anchored } from "./anchor";
import styles from "./MenuFrame.module.css";
import { region } from "./region";

const PARTS = { Item: Ariakit.MenuItem, Separator: Ariakit.MenuSeparator };

/** The menu itself. What loads it is `Menu`. */
export function MenuFrame({
	anchor,
	open,
	setOpen,
	id,
	byKey,
	label,
	placement,
	children,
}: Omit<Anchored, "button"> & {
	label: string | undefined;
	placement: "bottom-start" | "bottom-end" | "top-start" | "top-end";
	children: ReactNode;
}) {
	const menu = Ariakit.useMenuStore({ placement, open, setOpen });
	useEffect(() => {
		menu.setAnchorElement(anchor);
		menu.setDisclosureElement(anchor);
		if (!open) return;
		menu.setInitialFocus(byKey ? "first" : "container");
		menu.setAutoFocusOnShow(true);
	}, [menu, anchor, byKey, open]);
	/** Tab leaves the menu, and goes on from its button. */
	const leave = (event: KeyboardEvent) => {
		if (event.key !== "Tab") return;
		event.preventDefault();
		menu.hide();
	};
	return (
		<Ariakit.Menu
			store={menu}
			id={id}
			className={styles.menu}
			gutter={4}
			overflowPadding={8}
			portal
			portalElement={region(label)}
			preserveTabOrder={false}
			unmountOnHide
			onKeyDown={leave}
			getPersistentElements={staysOperable}
			{...(label ? { "aria-label": label } : {})}
		>
			<MenuParts value={PARTS}>{children}</MenuParts>
		</Ariakit.Menu>
	);
}
