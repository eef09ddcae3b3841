import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { SystemEvent, UserId } from "../../protocol";
import { myId, unsentIn } from "../../state/selectors";
import { useChat } from "../../state/store";
import type { RoomState, State } from "../../state/types";
import { plainText } from "../../ui";
import { type Preview, peopleIn, preview } from "./preview";

/** A line of a list: a word before it that stands out, and the text. */
export interface PreviewText {
	mark: string | null;
	tone: "plain" | "draft" | "failed";
	text: string;
}

interface Names {
	who: string;
	whom: string;
}

function systemText(t: TFunction<"shell">, event: SystemEvent, names: Names): string {
	if (event.event !== "role_changed") return t(`system.${event.event}`, { ...names });
	return t(`system.made_${event.role}`, { ...names });
}

function say(
	t: TFunction<"shell">,
	line: Preview,
	names: Names & { mine: boolean; direct: boolean },
) {
	switch (line.kind) {
		case "draft":
			return { mark: t("line.draft"), tone: "draft" as const, text: plainText(line.text) };
		case "unsent":
			return line.failed
				? { mark: t("line.failed"), tone: "failed" as const, text: plainText(line.text) }
				: { mark: t("line.unsent"), tone: "plain" as const, text: plainText(line.text) };
		case "text": {
			const text = plainText(line.text);
			if (names.mine) return plain(t("line.you", { text }));
			return plain(names.direct ? text : t("line.by", { name: names.who, text }));
		}
		case "deleted":
			return plain(t("line.deleted"));
		case "system":
			return plain(systemText(t, line.event, names));
		case "empty":
			return plain(t("line.empty"));
	}
}

const plain = (text: string): PreviewText => ({ mark: null, tone: "plain", text });

const nameOf = (id: UserId | null, { users }: State) =>
	id === null ? null : users[id]?.display_name;

/** What stands under a conversation's name. The draft of the open conversation is in sight already. */
export function usePreviewText(it: RoomState, open: boolean): PreviewText {
	const { t } = useTranslation("shell");
	const me = useChat(myId);
	const draft = useChat((state) => (open ? undefined : state.drafts[it.room.id]));
	const unsent = useChat((state) => unsentIn(state, it.room.id));
	const line = preview(it, { draft, unsent });
	const [by = null, other = null] = peopleIn(line);
	const who = useChat((state) => nameOf(by, state)) ?? t("someone");
	const whom = useChat((state) => nameOf(other, state)) ?? t("someone");
	const direct = it.room.kind === "direct";
	return say(t, line, { who, whom, mine: by === me && line.kind === "text", direct });
}
