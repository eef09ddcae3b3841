import { type FormEvent, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Button, Dialog, useToast } from "../../ui";
import { RoomFields } from "../conversations";
import { RefusalNotice, useAction } from "../notices";

interface Props {
	it: RoomState;
	open: boolean;
	onClose: () => void;
}

/** Changes name, description and kind; only what was changed is sent. */
export function EditRoom({ it, open, onClose }: Props) {
	const { t } = useTranslation("shell");
	const { changeRoom } = useClient();
	const toast = useToast();
	const form = useId();
	const { id, name, description, kind } = it.room;
	const [values, setValues] = useState({ name, description, kind });
	useEffect(() => {
		if (!open) setValues({ name, description, kind });
	}, [open, name, description, kind]);
	const { run, busy, error, forget } = useAction(async () => {
		const asked = { ...values, name: values.name.trim() };
		await changeRoom(id, {
			...(asked.name !== name && { name: asked.name }),
			...(asked.description !== description && { description: asked.description }),
			...(asked.kind !== kind && { kind: asked.kind }),
		});
		toast({ text: t("edit.saved"), kind: "ok" });
		onClose();
	});
	const close = () => {
		forget();
		onClose();
	};
	const submit = (event: FormEvent) => {
		event.preventDefault();
		const same = values.name.trim() === name && values.description === description;
		if (same && values.kind === kind) close();
		else void run();
	};
	return (
		<Dialog
			open={open}
			onClose={close}
			title={t("edit.title")}
			footer={
				<>
					<Button onClick={close}>{t("cancel")}</Button>
					<Button variant="primary" type="submit" form={form} busy={busy}>
						{t("edit.submit")}
					</Button>
				</>
			}
		>
			<form id={form} onSubmit={submit}>
				<RoomFields values={values} onChange={setValues} error={error} />
				<RefusalNotice error={error} fields={["name", "description"]} />
			</form>
		</Dialog>
	);
}
