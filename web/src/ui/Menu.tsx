import type { MenuItemProps as BaseProps } from "@ariakit/react";
import { type ReactElement, type ReactNode, useContext } from "react";
import { classes } from "./classes";
import { Icon } from "./Icon";
import type { IconName } from "./icons";
import { Kbd } from "./Kbd";
import { ariaShortcut } from "./keys";
import { MenuParts } from "./MenuParts";
import { useAnchor } from "./overlay/anchor";
import { useOverlays } from "./overlay/load";
import styles from "./overlay/MenuFrame.module.css";
import { nameOf } from "./overlay/region";

type Placement = "bottom-start" | "bottom-end" | "top-start" | "top-end";

export interface MenuProps {
	/** What opens it: a `Button` or an `IconButton`. */
	button: ReactElement;
	/** The menu's name; that of its button otherwise. */
	label?: string | undefined;
	children: ReactNode;
	/** Whether it is open, where something else opens it too (a long press, a right click). */
	open?: boolean | undefined;
	onOpenChange?: ((open: boolean) => void) | undefined;
	/** Start and end are those of the language. */
	placement?: Placement | undefined;
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
	const { button: opener, ...anchored } = useAnchor(button, "menu", open, onOpenChange);
	const overlays = useOverlays(anchored.open);
	return (
		<>
			{opener}
			{overlays ? (
				<overlays.MenuFrame {...anchored} label={label ?? nameOf(button)} placement={placement}>
					{children}
				</overlays.MenuFrame>
			) : null}
		</>
	);
}

export interface MenuItemProps extends Omit<BaseProps, "disabled"> {
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
	const parts = useContext(MenuParts);
	if (!parts) return null;
	const chosen = checked === undefined ? {} : { role: "menuitemradio", "aria-checked": checked };
	return (
		<parts.Item
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
		</parts.Item>
	);
}

/**
 * Does what takes the focus itself, such as opening a dialog, after the menu has given it back to its
 * button: that is where it returns in the end.
 */
export const afterMenu = (act: () => void): void => void setTimeout(act);

/** Between groups of items. */
export function MenuSeparator() {
	const parts = useContext(MenuParts);
	return parts ? <parts.Separator className={styles.separator} /> : null;
}
