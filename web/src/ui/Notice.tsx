import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import type { IconName } from "./icons";
import styles from "./Notice.module.css";

export type NoticeKind = "info" | "warn" | "danger" | "ok";

export const NOTICE_ICONS: Record<NoticeKind, IconName> = {
	info: "info",
	warn: "alert",
	danger: "alert",
	ok: "check",
};

/** What happened, what is safe, what to do: in the place that it concerns. */
export function Notice({
	kind,
	children,
	action,
	onClose,
}: {
	kind: NoticeKind;
	children: ReactNode;
	action?: ReactNode;
	onClose?: (() => void) | undefined;
}) {
	const { t } = useTranslation("ui");
	return (
		<div
			className={classes(styles.notice, styles[kind])}
			role={kind === "danger" ? "alert" : "status"}
		>
			<Icon name={NOTICE_ICONS[kind]} size={18} className={styles.icon} />
			<div className={styles.body}>
				<div className={styles.text}>{children}</div>
				{action ? <div className={styles.action}>{action}</div> : null}
			</div>
			{onClose ? (
				<IconButton icon="close" size="small" label={t("dismiss")} onClick={onClose} />
			) : null}
		</div>
	);
}
