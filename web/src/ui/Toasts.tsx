import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useStore } from "zustand";
import { Button } from "./Button";
import { classes } from "./classes";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import { NOTICE_ICONS } from "./Notice";
import { PERSISTENT } from "./persistent";
import styles from "./Toasts.module.css";
import { dismiss, type ToastShown, toast, toasts } from "./toastStore";

/** How long one is shown (ms); with something to press, longer. */
const SHOWN = 6_000;
const SHOWN_WITH_ACTION = 12_000;

/** A function that says in passing what just happened: `toast("Copied.")`. */
export function useToast() {
	return toast;
}

/** Where toasts are shown. One, at the end of the page. */
export function Toasts() {
	const { t } = useTranslation("ui");
	const shown = useStore(toasts, (it) => it.shown);
	return (
		<section className={styles.toasts} aria-label={t("toasts")} {...PERSISTENT}>
			<div role="status" aria-live="polite" className={styles.list}>
				{shown.map((it) => (
					<Toast key={it.id} toast={it} />
				))}
			</div>
		</section>
	);
}

function Toast({ toast: it }: { toast: ToastShown }) {
	const { t } = useTranslation("ui");
	const [held, setHeld] = useState(false);
	const time = it.action ? SHOWN_WITH_ACTION : SHOWN;
	useEffect(() => {
		if (held) return;
		const timer = setTimeout(() => dismiss(it.id), time);
		return () => clearTimeout(timer);
	}, [held, it.id, time]);
	const { action, kind = "info" } = it;
	return (
		<div
			className={classes(styles.toast, styles[kind])}
			onPointerEnter={() => setHeld(true)}
			onPointerLeave={() => setHeld(false)}
			onFocus={() => setHeld(true)}
			onBlur={() => setHeld(false)}
		>
			<Icon name={NOTICE_ICONS[kind]} size={18} className={styles.icon} />
			<span className={styles.text}>{it.text}</span>
			{action ? (
				<Button
					size="small"
					onClick={() => {
						action.onClick();
						dismiss(it.id);
					}}
				>
					{action.label}
				</Button>
			) : null}
			<IconButton
				icon="close"
				size="small"
				label={t("dismiss")}
				tooltip="none"
				onClick={() => dismiss(it.id)}
			/>
		</div>
	);
}
