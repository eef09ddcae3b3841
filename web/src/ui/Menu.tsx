import * as Ariakit from "@ariakit/react";
import type { KeyboardEvent, ReactElement, ReactNode } from "react";
import { classes } from "./classes";
import { Icon } from "./Icon";
import type { IconName } from "./icons";
import { Kbd } from "./Kbd";
import { ariaShortcut } from "./keys";
import styles from "./Menu.module.css";
import { staysOperable } from "./persistent";
import { nameOf, region } from "./region";

export interface MenuProps {
	/** What opens it: a `Button` or an `IconButton`. */
	button: ReactElement;
	/** The menu's name; that of its button otherwise. */
	label?: string | undefined;
	children: ReactNode;
	/** Whether it is open, where something else opens it too (a long press, a right click). */
	open?: boolean | undefined;
	onOpenChange?: ((open: boolean) => void) | undefined;
	placement?: "bottom-start" | "bottom-end" | "top-start" | "top-end" | undefined;
}

/** Actions behind a button: arrow keys, first letters, Esc. */
export function Menu({
	button,
	label,
	children,
	open,
	onOpenChange,
	placement = "bottom-end",
}: MenuProps) {
	const rtl = typeof document !== "undefined" && document.documentElement.dir === "rtl";
	const menu = Ariakit.useMenuStore({
		placement: rtl ? mirrored(placement) : placement,
		...(open === undefined ? {} : { open }),
		...(onOpenChange ? { setOpen: onOpenChange } : {}),
	});
	/** Tab leaves the menu, and goes on from its button. */
	const leave = (event: KeyboardEvent) => {
		if (event.key !== "Tab") return;
		event.preventDefault();
		menu.hide();
	};
	return (
		<Ariakit.MenuProvider store={menu}>
			<Ariakit.MenuButton render={button} />
			<Ariakit.Menu
				className={styles.menu}
				gutter={4}
				overflowPadding={8}
				portal
				portalElement={region(label ?? nameOf(button))}
				preserveTabOrder={false}
				onKeyDown={leave}
				unmountOnHide
				getPersistentElements={staysOperable}
				{...(label ? { "aria-label": label } : {})}
			>
				{children}
			</Ariakit.Menu>
		</Ariakit.MenuProvider>
	);
}

const mirrored = (placement: NonNullable<MenuProps["placement"]>) =>
	(placement.endsWith("start")
		? placement.replace("start", "end")
		: placement.replace("end", "start")) as NonNullable<MenuProps["placement"]>;

export interface MenuItemProps extends Omit<Ariakit.MenuItemProps, "disabled"> {
	icon?: IconName | undefined;
	shortcut?: string | undefined;
	/** It can't be undone. */
	danger?: boolean | undefined;
	disabled?: boolean | undefined;
	/** One of a choice, and whether it is the chosen one. */
	checked?: boolean | undefined;
}

/** One action of a `Menu`: `onClick` does it, and the menu closes. */
export function MenuItem({
	icon,
	shortcut,
	danger = false,
	disabled = false,
	checked,
	className,
	children,
	...rest
}: MenuItemProps) {
	const chosen = checked === undefined ? {} : { role: "menuitemradio", "aria-checked": checked };
	return (
		<Ariakit.MenuItem
			{...rest}
			{...chosen}
			disabled={disabled}
			aria-keyshortcuts={shortcut ? ariaShortcut(shortcut) : undefined}
			className={classes(styles.item, danger && styles.danger, className)}
		>
			{icon ? <Icon name={icon} size={18} /> : null}
			<span className={styles.words}>{children}</span>
			{shortcut ? <Kbd keys={shortcut} /> : null}
			{checked ? <Icon name="check" size={18} /> : null}
		</Ariakit.MenuItem>
	);
}

/** Between groups of items. */
export function MenuSeparator() {
	return <Ariakit.MenuSeparator className={styles.separator} />;
}
