import type { ComponentProps, MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import styles from "./Button.module.css";
import { classes } from "./classes";
import { Icon } from "./Icon";
import type { IconName } from "./icons";
import { VisuallyHidden } from "./VisuallyHidden";

export interface ButtonProps extends ComponentProps<"button"> {
	/** `primary`: the one action of a place. `danger`: it can't be undone. */
	variant?: "primary" | "quiet" | "danger" | undefined;
	/** It is being done. The button keeps its size and the focus, and does nothing. */
	busy?: boolean | undefined;
	icon?: IconName | undefined;
	size?: "small" | "medium" | undefined;
	/** As wide as what holds it. */
	wide?: boolean | undefined;
}

/** A button with a word on it. */
export function Button({
	variant = "quiet",
	busy = false,
	icon,
	size = "medium",
	wide = false,
	type = "button",
	className,
	children,
	onClick,
	...rest
}: ButtonProps) {
	const { t } = useTranslation("ui");
	const click = (event: MouseEvent<HTMLButtonElement>) => {
		if (busy) event.preventDefault();
		else onClick?.(event);
	};
	return (
		<button
			{...rest}
			type={type}
			onClick={click}
			aria-busy={busy || undefined}
			aria-disabled={busy || rest["aria-disabled"]}
			className={classes(
				styles.button,
				styles[variant],
				styles[size],
				wide && styles.wide,
				busy && styles.busy,
				className,
			)}
		>
			<span className={styles.content}>
				{icon ? <Icon name={icon} size={18} /> : null}
				{children}
			</span>
			{busy ? (
				<>
					<span className={styles.spinner} />
					<VisuallyHidden>{t("busy")}</VisuallyHidden>
				</>
			) : null}
		</button>
	);
}
