import * as Ariakit from "@ariakit/react";
import { useTranslation } from "react-i18next";
import { classes } from "../classes";
import type { DialogProps } from "../Dialog";
import { IconButton } from "../IconButton";
import { staysOperable } from "../persistent";
import styles from "./DialogFrame.module.css";

/** The dialog itself. What loads it is `Dialog`. */
export function DialogFrame({
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
			{...(initialFocus ? { initialFocus } : {})}
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
