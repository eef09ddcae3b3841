import { useTranslation } from "react-i18next";
import { useChat } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Badge } from "../../ui";
import { attention } from "./attention";

/** How much a conversation asks for attention, the same in each list that shows it. */
export function UnreadBadge({ it }: { it: RoomState }) {
	const { t } = useTranslation("shell");
	const me = useChat((state) => (state.session.at === "in" ? state.session.me : null));
	if (!me) return null;
	const { unread, wanted } = attention(it, me);
	const label = t(wanted ? "list.wanted" : "list.unread", { count: unread });
	return <Badge count={unread} filled={wanted} label={label} />;
}
