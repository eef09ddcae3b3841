import { useTranslation } from "react-i18next";
import type { User } from "../../protocol";
import { useClient } from "../../state/store";
import type { RoomState } from "../../state/types";
import { useToast } from "../../ui";
import { RefusalNotice, useAction } from "../notices";
import { PeoplePicker } from "../people";

interface Props {
	it: RoomState;
	open: boolean;
	onClose: () => void;
}

/** Finds somebody and adds them to the room. */
export function AddSomebody({ it, open, onClose }: Props) {
	const { t } = useTranslation("shell");
	const { addMember } = useClient();
	const toast = useToast();
	const { run, error, forget } = useAction(async (user: User) => {
		await addMember(it.room.id, user.id);
		toast({ text: t("add.done", { name: user.display_name }), kind: "ok" });
		onClose();
	});
	const close = () => {
		forget();
		onClose();
	};
	return (
		<PeoplePicker
			open={open}
			onClose={close}
			title={t("add.title")}
			onPick={run}
			refuse={(id) => (it.members[id]?.state === "joined" ? t("add.already") : null)}
		>
			<RefusalNotice error={error} />
		</PeoplePicker>
	);
}
