import { useTranslation } from "react-i18next";
import { Notice } from "../../ui";
import { refusalOf, useRefusalText, useWait } from "./refusals";

/** Says what was refused; nothing where there is no error, or where the fields say it. */
export function RefusalNotice({ error, fields = [] }: { error: unknown; fields?: string[] }) {
	const { t } = useTranslation("errors");
	const text = useRefusalText();
	const left = useWait(error);
	if (error === null) return null;
	const refusal = refusalOf(error);
	if (refusal.fields.length > 0 && refusal.fields.every((it) => fields.includes(it.field))) {
		return null;
	}
	if (refusal.code === "username_taken" || refusal.code === "email_taken") return null;
	if (refusal.wait !== null && left === null) return null;
	return <Notice kind="danger">{left === null ? text(error) : t("wait", { count: left })}</Notice>;
}
