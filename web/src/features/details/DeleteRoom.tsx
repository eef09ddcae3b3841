import { type FormEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Button, Dialog, TextField, useToast } from "../../ui";
import { RefusalNotice, useAction } from "../notices";
import { goHomeFrom } from "../places";
import styles from "./DeleteRoom.module.css";

interface Props {
	it: RoomState;
	open: boolean;
	onClose: () => void;
}

/** Deletes a room for everybody, once its name was typed. */
export function DeleteRoom({ it, open, onClose }: Props) {
	const { t } = useTranslation("shell");
	const { deleteRoom } = useClient();
	const toast = useToast();
	const form = useId();
	const field = useRef<HTMLInputElement>(null);
	const [typed, setTyped] = useState("");
	const { room } = it;
	const { run, busy, error, forget } = useAction(async () => {
		await deleteRoom(room.id);
		onClose();
		toast(t("delete.done", { room: room.name }));
		goHomeFrom(room.id);
	});
	const close = () => {
		forget();
		setTyped("");
		onClose();
	};
	const same = typed.trim() === room.name.trim();
	const submit = (event: FormEvent) => {
		event.preventDefault();
		if (same) void run();
		else field.current?.focus();
	};
	return (
		<Dialog
			open={open}
			onClose={close}
			title={t("delete.title", { room: room.name })}
			size="small"
			role="alertdialog"
			initialFocus={field}
			footer={
				<>
					<Button onClick={close}>{t("cancel")}</Button>
					<Button variant="danger" type="submit" form={form} busy={busy} disabled={!same}>
						{t("delete.confirm")}
					</Button>
				</>
			}
		>
			<form id={form} onSubmit={submit} className={styles.form}>
				<p>{t("delete.text")}</p>
				<TextField
					ref={field}
					label={t("delete.type")}
					hint={<bdi>{room.name}</bdi>}
					value={typed}
					onChange={(event) => setTyped(event.target.value)}
					autoComplete="off"
					spellCheck={false}
					dir="auto"
				/>
				<RefusalNotice error={error} />
			</form>
		</Dialog>
	);
}
