import { useTranslation } from "react-i18next";
import { useClient } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Button, ConfirmDialog, Dialog, useToast } from "../../ui";
import { RefusalNotice, useAction } from "../notices";
import { goHomeFrom } from "../places";

interface Props {
	it: RoomState;
	open: boolean;
	onClose: () => void;
}

/** Asks, and leaves. An owner is told what comes first. */
export function LeaveRoom({ it, open, onClose }: Props) {
	const { t } = useTranslation("shell");
	const { leave } = useClient();
	const toast = useToast();
	const { room } = it;
	const { run, busy, error } = useAction(async () => {
		await leave(room.id);
		onClose();
		toast(t("leave.done", { room: room.name }));
		goHomeFrom(room.id);
	});
	if (it.me?.role === "owner") {
		return (
			<Dialog
				open={open}
				onClose={onClose}
				size="small"
				title={t("leave.owner_title")}
				footer={
					<Button variant="primary" onClick={onClose}>
						{t("leave.understood")}
					</Button>
				}
			>
				<p>{t("leave.owner_text")}</p>
			</Dialog>
		);
	}
	return (
		<ConfirmDialog
			open={open}
			onClose={onClose}
			title={t("leave.title", { room: room.name })}
			confirmLabel={t("leave.confirm")}
			onConfirm={run}
			busy={busy}
			danger
		>
			<p>{t(room.kind === "public" ? "leave.public" : "leave.private")}</p>
			<RefusalNotice error={error} />
		</ConfirmDialog>
	);
}
