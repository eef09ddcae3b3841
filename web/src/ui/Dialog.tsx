import * as Ariakit from "@ariakit/react";
import type { ReactNode, RefObject } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";
import { staysOperable } from "./persistent";

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
	/** Asked for an answer, not for a look: `alertdialog`. */
	role?: "dialog" | "alertdialog" | undefined;
}

/** A matter of its own above the page. Esc and a click beside it close it; the focus goes back. */
export function Dialog({
	open,
	onClose,
	title,
	children,
	footer,
	size = "medium",
	initialFocus,
	role = "dialog",
}: DialogProps) {
	const { t } = useTranslation("ui");
	return (
		<Ariakit.Dialog
			open={open}
			onClose={onClose}
			role={role}
			unmountOnHide
			backdrop={<div className={styles.backdrop} />}
			className={classes(styles.dialog, styles[size])}
			getPersistentElements={staysOperable}
			{...(initialFocus ? { initialFocus: initialFocus as RefObject<HTMLElement> } : {})}
		>
			<header className={styles.header}>
				<Ariakit.DialogHeading className={styles.title}>{title}</Ariakit.DialogHeading>
				<IconButton icon="close" label={t("close")} tooltip="none" onClick={onClose} />
			</header>
			<div className={styles.body}>{children}</div>
			{footer ? <footer className={styles.footer}>{footer}</footer> : null}
		</Ariakit.Dialog>
	);
}
