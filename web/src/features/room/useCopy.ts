import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "../../ui";

/** Copies a text, and says whether that was possible. */
export function useCopy(): (text: string) => void {
	const { t } = useTranslation("room");
	return useCallback(
		(text) => {
			// Refused, or not there at all outside of https.
			const copied =
				navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
			copied.then(
				() => toast(t("message.copied")),
				() => toast({ text: t("message.copy_refused"), kind: "warn" }),
			);
		},
		[t],
	);
}
