import { useTranslation } from "react-i18next";
import type { UserId } from "../../protocol";
import { myId } from "../../state/selectors";
import { useChat, useClient } from "../../state/store";
import { RefusalNotice, useAction } from "../notices";
import { go, roomPath } from "../places";
import { PeoplePicker } from "./PeoplePicker";

/** Opens the direct conversation with somebody, and goes there. */
export function useOpenDirect(done?: () => void) {
	const { openDirect } = useClient();
	return useAction(async (user: UserId) => {
		const room = await openDirect(user);
		done?.();
		go(roomPath(room));
	});
}

/** Finds somebody and opens the direct conversation with them. */
export function StartDirect({ open, onClose }: { open: boolean; onClose: () => void }) {
	const { t } = useTranslation("shell");
	const me = useChat(myId);
	const { run, error, forget } = useOpenDirect(onClose);
	const close = () => {
		forget();
		onClose();
	};
	return (
		<PeoplePicker
			open={open}
			onClose={close}
			title={t("start.title")}
			onPick={(user) => run(user.id)}
			refuse={(id) => (id === me ? t("details.you") : null)}
		>
			<RefusalNotice error={error} />
		</PeoplePicker>
	);
}
