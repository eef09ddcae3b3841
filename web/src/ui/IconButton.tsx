import type { ComponentProps } from "react";
import { classes } from "./classes";
import { Icon } from "./Icon";
import styles from "./IconButton.module.css";
import type { IconName } from "./icons";
import { ariaShortcut } from "./keys";
import { Tooltip, type TooltipPlacement } from "./Tooltip";

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
	/** What it does. It is its accessible name, and its tooltip. */
	label: string;
	icon: IconName;
	/** For example `Mod+K`; see `Kbd`. */
	shortcut?: string | undefined;
	variant?: "primary" | "quiet" | "danger" | undefined;
	size?: "small" | "medium" | undefined;
	/** It is on: the panel that it opens is open, for example. */
	pressed?: boolean | undefined;
	tooltip?: TooltipPlacement | "none" | undefined;
}

/** A button with a picture on it. */
export function IconButton({
	label,
	icon,
	shortcut,
	variant = "quiet",
	size = "medium",
	pressed,
	tooltip = "top",
	type = "button",
	className,
	...rest
}: IconButtonProps) {
	const button = (
		<button
			{...rest}
			type={type}
			aria-label={label}
			aria-pressed={pressed}
			aria-keyshortcuts={shortcut ? ariaShortcut(shortcut) : undefined}
			className={classes(styles.button, styles[variant], styles[size], className)}
		>
			<Icon name={icon} size={size === "small" ? 18 : 20} />
		</button>
	);
	if (tooltip === "none") return button;
	return (
		<Tooltip label={label} shortcut={shortcut} placement={tooltip}>
			{button}
		</Tooltip>
	);
}
