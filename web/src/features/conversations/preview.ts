/** The one line under a conversation's name. Pure; who shows it finds the words. */

import type { SystemEvent, UserId } from "../../protocol";
import type { Draft, RoomState, Unsent } from "../../state/types";

export type Preview =
	| { kind: "draft"; text: string }
	| { kind: "unsent"; text: string; failed: boolean }
	| { kind: "text"; by: UserId; text: string }
	| { kind: "deleted"; by: UserId }
	| { kind: "system"; by: UserId; event: SystemEvent }
	| { kind: "empty" };

interface Beside {
	draft?: Draft | undefined;
	/** Those of this room, oldest first. */
	unsent: readonly Unsent[];
}

export function preview(it: RoomState, { draft, unsent }: Beside): Preview {
	if (draft && !draft.editing && draft.text.trim() !== "") {
		return { kind: "draft", text: draft.text };
	}
	const newest = unsent.at(-1);
	if (newest) {
		return { kind: "unsent", text: newest.text, failed: newest.status === "failed" };
	}
	const last = it.lastMessage === null ? undefined : it.messages.get(it.lastMessage);
	if (!last) return { kind: "empty" };
	const by = last.author_id;
	if (last.deleted) return { kind: "deleted", by };
	if (last.system) return { kind: "system", by, event: last.system };
	return { kind: "text", by, text: last.text };
}

/** When the newest message was sent, ms since 1970. */
export function lastAt(it: RoomState, unsent: readonly Unsent[]): number | null {
	const last = it.lastMessage === null ? undefined : it.messages.get(it.lastMessage);
	return unsent.at(-1)?.writtenAt ?? last?.sent_at ?? null;
}

/** The people that the line names. */
export function peopleIn(line: Preview): UserId[] {
	if (line.kind === "text" || line.kind === "deleted") return [line.by];
	if (line.kind !== "system") return [];
	return "user_id" in line.event ? [line.by, line.event.user_id] : [line.by];
}
