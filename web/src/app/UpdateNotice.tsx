import { useTranslation } from "react-i18next";
import { Button, Notice } from "../ui";
import { useUpdate } from "./update";

/** One quiet line when a newer version is here. Nothing is reloaded unasked. */
export function UpdateNotice() {
	const { t } = useTranslation("ui");
	const { ready, reload } = useUpdate();
	if (!ready) return null;
	return (
		<Notice
			kind="info"
			action={
				<Button size="small" icon="reload" onClick={reload}>
					{t("update.reload")}
				</Button>
			}
		>
			{t("update.ready")}
		</Notice>
	);
}
