import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

export interface ConfirmDialogProps {
	open: boolean;
	onClose: () => void;
	/** The question. */
	title: string;
	/** What happens then, and whether it can be undone. */
	children?: ReactNode;
	/** The verb on the button: "Delete", never "OK". */
	confirmLabel: string;
	cancelLabel?: string | undefined;
	onConfirm: () => void;
	danger?: boolean | undefined;
	busy?: boolean | undefined;
}

/** Asks once more before something that can't be undone. The harmless answer has the focus. */
export function ConfirmDialog({
	open,
	onClose,
	title,
	children,
	confirmLabel,
	cancelLabel,
	onConfirm,
	danger = false,
	busy = false,
}: ConfirmDialogProps) {
	const { t } = useTranslation("ui");
	const cancel = useRef<HTMLButtonElement>(null);
	return (
		<Dialog
			open={open}
			onClose={onClose}
			title={title}
			size="small"
			role="alertdialog"
			initialFocus={cancel}
			footer={
				<>
					<Button ref={cancel} onClick={onClose}>
						{cancelLabel ?? t("cancel")}
					</Button>
					<Button variant={danger ? "danger" : "primary"} busy={busy} onClick={onConfirm}>
						{confirmLabel}
					</Button>
				</>
			}
		>
			{children}
		</Dialog>
	);
}
