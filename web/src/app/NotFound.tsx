import { useTranslation } from "react-i18next";
import { go, HOME } from "../features/places";
import { Button, EmptyState } from "../ui";

/** For addresses that lead nowhere. */
export function NotFound() {
	const { t } = useTranslation("errors");
	return (
		<EmptyState
			icon="search"
			title={t("not_found_title")}
			action={
				<Button variant="primary" onClick={() => go(HOME, { replace: true })}>
					{t("not_found_action")}
				</Button>
			}
		>
			{t("not_found_text")}
		</EmptyState>
	);
}
