import { useTranslation } from "react-i18next";
import type { RoomId } from "../../protocol";
import { unsentIn } from "../../state/selectors";
import { useChat, useClient } from "../../state/store";
import type { Unsent } from "../../state/types";
import { Button, toast } from "../../ui";
import { useRefusalText } from "../notices";
import styles from "./Leftover.module.css";
import { useCopy } from "./useCopy";

/** What was written for a conversation before one was out of it: it can still be taken elsewhere. */
export function Leftover({ roomId }: { roomId: RoomId }) {
	const unsent = useChat((state) => unsentIn(state, roomId));
	if (unsent.length === 0) return null;
	return (
		<ul role="list" className={styles.list}>
			{unsent.map((it) => (
				<Entry key={it.nonce} unsent={it} />
			))}
		</ul>
	);
}

function Entry({ unsent }: { unsent: Unsent }) {
	const { t } = useTranslation("room");
	const { discard } = useClient();
	const why = useRefusalText();
	const copy = useCopy();
	const drop = () =>
		discard(unsent.nonce).catch((error) => toast({ text: why(error), kind: "danger" }));
	return (
		<li className={styles.entry}>
			<p className={styles.failed}>{t("delivery.failed")}</p>
			<p className={styles.text} dir="auto">
				{unsent.text}
			</p>
			<div className={styles.choices}>
				<Button size="small" icon="copy" onClick={() => copy(unsent.text)}>
					{t("message.copy_text")}
				</Button>
				<Button size="small" icon="trash" onClick={() => void drop()}>
					{t("delivery.discard")}
				</Button>
			</div>
		</li>
	);
}
