import { useCallback, useState } from "react";
import type { MessageId } from "../../../protocol";
import type { TimelineRows } from "./rows";

/** Whether the message of this row has no place of its own now. */
export function isFolded(rows: TimelineRows, index: number): boolean {
	const row = rows.at(index);
	return row.kind === "folded" || (row.kind === "fold" && !row.open);
}

/**
 * Which folds are open, by messages that are in them: a fold that grows, or grows together with
 * another, stays open.
 */
export function useOpened() {
	const [opened, setOpened] = useState<ReadonlySet<MessageId>>(() => new Set());
	const open = useCallback((id: MessageId) => setOpened((it) => new Set(it).add(id)), []);
	const toggle = useCallback(
		(id: MessageId, rows: TimelineRows) => {
			const row = rows.at(rows.indexOfMessage(id));
			if (row.kind !== "fold" || !row.open) return open(id);
			const inside = new Set(row.messages);
			setOpened((it) => new Set([...it].filter((one) => !inside.has(one))));
		},
		[open],
	);
	return { opened, open, toggle };
}
