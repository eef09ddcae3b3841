import { type FormEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "../../state/store";
import { Button, Dialog } from "../../ui";
import { RefusalNotice, useAction } from "../notices";
import { go, roomPath } from "../places";
import { RoomFields, type RoomValues } from "./RoomFields";

const EMPTY: RoomValues = { name: "", description: "", kind: "public" };

/** A dialog that makes a room, and goes there. */
export function CreateRoom({ open, onClose }: { open: boolean; onClose: () => void }) {
	const { t } = useTranslation("shell");
	const { createRoom } = useClient();
	const form = useId();
	const name = useRef<HTMLInputElement>(null);
	const [values, setValues] = useState(EMPTY);
	const { run, busy, error, forget } = useAction(async () => {
		const id = await createRoom({ ...values, name: values.name.trim() });
		setValues(EMPTY);
		onClose();
		go(roomPath(id));
	});
	const close = () => {
		forget();
		onClose();
	};
	const submit = (event: FormEvent) => {
		event.preventDefault();
		if (values.name.trim() === "") name.current?.focus();
		else void run();
	};
	return (
		<Dialog
			open={open}
			onClose={close}
			title={t("create.title")}
			initialFocus={name}
			footer={
				<>
					<Button onClick={close}>{t("create.cancel")}</Button>
					<Button variant="primary" type="submit" form={form} busy={busy}>
						{t("create.submit")}
					</Button>
				</>
			}
		>
			<form id={form} onSubmit={submit}>
				<RoomFields values={values} onChange={setValues} error={error} nameRef={name} />
				<RefusalNotice error={error} fields={["name", "description"]} />
			</form>
		</Dialog>
	);
}
