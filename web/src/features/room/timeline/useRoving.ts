import {
	type FocusEvent,
	type KeyboardEvent,
	type RefObject,
	useCallback,
	useLayoutEffect,
	useRef,
	useState,
} from "react";
import type { Message } from "../../../protocol";
import { matches } from "../../../ui";
import { useShortcut } from "../../shortcuts";
import type { LogHandle } from "../list/Log";
import type { View } from "../list/LogView";
import type { Open } from "../message/MessageActions";
import { useRoomActions } from "../roomContext";
import type { TimelineRows } from "./rows";

/**
 * One tab stop for the whole list, and keys that go from message to message. The current message is
 * the one that had the focus last; at first the newest.
 */
export function useRoving({
	rows,
	log,
	view,
	ask,
}: {
	rows: TimelineRows;
	log: RefObject<LogHandle | null>;
	view: View | null;
	ask: (id: string, open: Open) => void;
}) {
	const { reply, edit, askToDelete, focusComposer, me } = useRoomActions();
	const [chosen, setChosen] = useState<string | null>(null);
	const wanted = useRef<string | null>(null);
	const held = chosen !== null && rows.indexOf(chosen) >= 0;
	const current = held ? chosen : lastStop(rows);

	const goTo = useCallback(
		(index: number) => {
			const id = rows.idAt(index);
			setChosen(id);
			wanted.current = id;
			log.current?.reveal(id);
		},
		[rows, log],
	);

	// The row is there after the list has rendered what is near it.
	useLayoutEffect(() => {
		if (wanted.current === null) return;
		const stop = log.current?.element(wanted.current)?.querySelector<HTMLElement>("[tabindex]");
		if (!stop) return;
		wanted.current = null;
		stop.focus({ preventScroll: true });
	});

	const from = () => {
		const index = current === null ? -1 : rows.indexOf(current);
		const inView = view && index >= view.first && index <= view.last;
		return inView || !view ? index : step(rows, view.last + 1, -1);
	};

	const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
		if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
		const { target } = event;
		if (!(target instanceof HTMLElement) || target.closest("[role=menu],[role=dialog]")) return;
		const onRow = target.matches("article, [data-stop]") || target.getAttribute("role") === "log";
		const moved = onRow ? move(event.key, rows, from()) : null;
		if (moved !== null) {
			event.preventDefault();
			if (moved >= rows.count) focusComposer();
			else if (moved > 0) goTo(moved);
			return;
		}
		if (event.key === "Escape") {
			event.preventDefault();
			focusComposer();
			return;
		}
		// What is acted on is in sight: with the focus on the list itself, nothing is.
		if (!target.matches("article") || current === null) return;
		const message = messageOf(rows, current);
		if (!message || message.deleted) return;
		const act = ACTIONS.find(({ keys }) => matches(keys, event.nativeEvent));
		if (!act) return;
		event.preventDefault();
		if (act.does === "reply") reply(message);
		else if (act.does === "edit" && message.author_id === me) edit(message);
		else if (act.does === "delete") askToDelete(message);
		else if (act.does === "quick" || act.does === "menu") ask(current, act.does);
	};

	useShortcut("ArrowUp", "room:keys.between", null, "message");
	useShortcut("ArrowDown", "room:keys.between", null, "message");
	useShortcut("R", "room:keys.reply", null, "message");
	useShortcut("E", "room:keys.edit", null, "message");
	useShortcut("+", "room:keys.react", null, "message");
	useShortcut("Delete", "room:keys.delete", null, "message");
	useShortcut("Esc", "room:keys.back", null, "message");

	const onFocus = useCallback((event: FocusEvent<HTMLElement>) => {
		const { target } = event;
		const row = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-id]") : null;
		if (row?.dataset.id) setChosen(row.dataset.id);
	}, []);

	const focus = () => {
		const index = from();
		if (index > 0) goTo(index);
	};
	const newest = useRef(focus);
	newest.current = focus;
	return { current, onKeyDown, onFocus, focus: useCallback(() => newest.current(), []) };
}

/** What is done with the current message. */
const ACTIONS = [
	{ keys: "R", does: "reply" },
	{ keys: "E", does: "edit" },
	{ keys: "+", does: "quick" },
	{ keys: "Delete", does: "delete" },
	{ keys: "Enter", does: "menu" },
] as const;

function stops(rows: TimelineRows, index: number): boolean {
	const { kind } = rows.at(index);
	return kind === "entry" || kind === "fold";
}

/** The next row in a direction that one can stop at; the count past the end, 0 before the first. */
function step(rows: TimelineRows, index: number, by: 1 | -1): number {
	let at = index + by;
	while (at > 0 && at < rows.count && !stops(rows, at)) at += by;
	return Math.max(0, Math.min(at, rows.count));
}

function move(key: string, rows: TimelineRows, index: number): number | null {
	switch (key) {
		case "ArrowUp":
			return step(rows, index, -1);
		case "ArrowDown":
			return step(rows, index, 1);
		case "Home":
			return step(rows, 0, 1);
		case "End":
			return step(rows, rows.count, -1);
		default:
			return null;
	}
}

function lastStop(rows: TimelineRows): string | null {
	const index = step(rows, rows.count, -1);
	return index > 0 ? rows.idAt(index) : null;
}

function messageOf(rows: TimelineRows, id: string): Message | null {
	const index = rows.indexOf(id);
	const row = index >= 0 ? rows.at(index) : null;
	return row?.kind === "entry" && row.written.stored ? row.written.message : null;
}
