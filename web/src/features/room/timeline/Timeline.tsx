import {
	memo,
	type Ref,
	useCallback,
	useEffect,
	useImperativeHandle,
	useLayoutEffect,
	useRef,
	useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { MessageId, RoomId } from "../../../protocol";
import { myId, shown } from "../../../state/selectors";
import { useChat, useClient } from "../../../state/store";
import { toast } from "../../../ui";
import { Log, type LogHandle } from "../list/Log";
import type { View } from "../list/LogView";
import type { Open } from "../message/MessageActions";
import { useMention } from "../names";
import { useRoomActions } from "../roomContext";
import { JumpToLatest } from "./JumpToLatest";
import { countAfter } from "./rows";
import { TimelineRow } from "./TimelineRow";
import { isFolded, useOpened } from "./useOpened";
import { JUMP_SHARE, type Ready } from "./useOpening";
import { usePages } from "./usePages";
import { usePresent } from "./usePresent";
import { useReads } from "./useReads";
import { useRoving } from "./useRoving";
import { useMessages, useTimelineRows } from "./useTimelineRows";

export interface TimelineHandle {
	jump(message: MessageId): void;
	/** To the newest message: somebody just wrote one. */
	toEnd(): void;
	/** Puts the focus on a message; the newest one where none is named. */
	focus(): void;
}

/** A message that was jumped to is marked for so long. */
const MARK_MS = 1_500;

export const Timeline = memo(function Timeline({
	ref,
	roomId,
	title,
	ready,
}: {
	ref?: Ref<TimelineHandle>;
	roomId: RoomId;
	title: string;
	ready: Ready;
}) {
	const { t } = useTranslation("room");
	const { jumpTo, backToLive } = useClient();
	const { focusComposer } = useRoomActions();
	const me = useChat(myId);
	const mention = useMention(me);
	const present = usePresent();
	const log = useRef<LogHandle>(null);
	const [newFrom, setNewFrom] = useState(ready.newFrom);
	const { opened, open, toggle } = useOpened();
	const rows = useTimelineRows(roomId, newFrom, opened);
	const live = useChat((state) => state.rooms[roomId]?.live)?.ids;
	const messages = useMessages(roomId);
	const detached = useChat((state) => {
		const room = state.rooms[roomId];
		return room ? (shown(room)?.moreAfter ?? false) : false;
	});
	const pages = usePages(roomId);
	const sawReads = useReads(roomId, present);
	const [view, setView] = useState<View | null>(null);
	const [marked, setMarked] = useState<MessageId | null>(null);
	const [asked, setAsked] = useState<{ id: string; open: Open } | null>(null);
	const goal = useRef<{ id: MessageId; share: number; mark: boolean } | "end" | null>(null);
	const newest = useRef({ rows, view });
	newest.current = { rows, view };

	const onView = useCallback(
		(seen: View) => {
			pages.onView(seen);
			const last = newest.current.rows.lastMessageAt(seen.last);
			if (last) sawReads(last);
			setView((before) => (before && sameView(before, seen) ? before : seen));
		},
		[pages, sawReads],
	);

	const mark = useCallback((id: MessageId) => setMarked(id), []);
	useEffect(() => {
		if (marked === null) return;
		const timer = setTimeout(() => setMarked(null), MARK_MS);
		return () => clearTimeout(timer);
	}, [marked]);

	// Where the view begins, and where one asked to go: as soon as the row is there.
	const reached = useRef(false);
	useLayoutEffect(() => {
		if (!reached.current) {
			reached.current = true;
			goal.current = ready.start === "end" ? "end" : { ...ready.start, mark: false };
			if (ready.start !== "end" && ready.start.share === JUMP_SHARE) mark(ready.start.id);
		}
		const it = goal.current;
		if (it === null) return;
		if (it === "end") {
			if (detached) return;
			log.current?.toEnd();
		} else {
			const index = rows.indexOfMessage(it.id);
			if (index < 0) return;
			if (isFolded(rows, index)) {
				open(it.id);
				return;
			}
			log.current?.show(it.id, it.share);
			if (it.mark) mark(it.id);
		}
		goal.current = null;
	});

	// What comes while nobody looks gets the "New" line, and doesn't push it out of view.
	const last = useRef(live?.at(-1) ?? "");
	useLayoutEffect(() => {
		const before = last.current;
		last.current = live?.at(-1) ?? before;
		if (present || !live || !messages || last.current <= before) return;
		if (newFrom !== null && newFrom > before) return;
		for (let at = live.length - 1; at >= 0; at--) {
			const id = live[at] ?? "";
			if (id <= before) break;
			const it = messages.get(id);
			if (it?.kind === "text" && it.author_id !== me) setNewFrom(id);
		}
	}, [live, messages, present, newFrom, me]);
	useLayoutEffect(() => {
		if (present || newFrom === null || !log.current?.atEnd() || !view) return;
		const index = rows.indexOfMessage(newFrom);
		if (index >= 0 && index < view.first) log.current.show(newFrom, 0);
	}, [present, newFrom, rows, view]);

	const jump = useCallback(
		(id: MessageId) => {
			goal.current = { id, share: JUMP_SHARE, mark: true };
			const index = newest.current.rows.indexOfMessage(id);
			if (index >= 0) {
				if (isFolded(newest.current.rows, index)) {
					open(id);
					return;
				}
				log.current?.show(id, JUMP_SHARE);
				goal.current = null;
				setMarked(id);
				return;
			}
			jumpTo(roomId, id).catch(() => {
				goal.current = null;
				toast({ text: t("timeline.jump_failed"), kind: "warn" });
			});
		},
		[jumpTo, roomId, t, open],
	);
	const onToggle = useCallback(
		(id: MessageId) => {
			log.current?.stay();
			toggle(id, newest.current.rows);
		},
		[toggle],
	);
	const toEnd = useCallback(() => {
		goal.current = "end";
		if (detached) backToLive(roomId);
		else log.current?.toEnd();
	}, [backToLive, roomId, detached]);

	const roving = useRoving({ rows, log, view, ask: (id, open) => setAsked({ id, open }) });
	useImperativeHandle(ref, () => ({ jump, toEnd, focus: roving.focus }), [
		jump,
		toEnd,
		roving.focus,
	]);
	const onAsked = useCallback(() => setAsked(null), []);

	const says = lastOwn(rows, detached, me);
	const far = detached || (view !== null && view.below > view.height);
	const seen = useRef("");
	const bottom = view ? rows.lastMessageAt(view.last) : null;
	if (!detached && bottom && bottom > seen.current) seen.current = bottom;
	const fresh =
		far && live && messages ? countAfter(live, (id) => messages.get(id), seen.current, me) : 0;

	return (
		<>
			<Log
				ref={log}
				rows={rows}
				follow={!detached}
				onView={onView}
				region={{
					role: "log",
					"aria-live": "off",
					"aria-label": t("timeline.label", { name: title }),
					tabIndex: -1,
					onKeyDown: roving.onKeyDown,
					onFocus: roving.onFocus,
				}}
				render={(index) => {
					const row = rows.at(index);
					const id = rows.idAt(index);
					return (
						<TimelineRow
							row={row}
							says={id === says}
							current={id === roving.current}
							marked={id === marked}
							mention={mention}
							asked={asked?.id === id ? asked.open : null}
							onAsked={onAsked}
							onToggle={onToggle}
							edge={row.kind === "start" ? pages.before : row.kind === "end" ? pages.after : "idle"}
							onAgain={row.kind === "start" ? pages.loadBefore : pages.loadAfter}
							title={title}
							roomId={roomId}
						/>
					);
				}}
			/>
			{far ? (
				<JumpToLatest
					count={fresh}
					onClick={() => {
						toEnd();
						focusComposer();
					}}
				/>
			) : null}
		</>
	);
});

/** Whether the difference is nothing that anybody would see. */
function sameView(a: View, b: View): boolean {
	return (
		a.first === b.first &&
		a.last === b.last &&
		a.height === b.height &&
		a.below > a.height === b.below > b.height
	);
}

/** How far to look for the newest own message. */
const LOOK_BACK = 200;

/** The row that says how far it came: the newest of one's own. */
function lastOwn(
	rows: ReturnType<typeof useTimelineRows>,
	detached: boolean,
	me: string | null,
): string | null {
	if (detached) return null;
	for (let index = rows.count - 1; index > Math.max(0, rows.count - LOOK_BACK); index--) {
		const row = rows.at(index);
		if (row.kind !== "entry") continue;
		const { written } = row;
		if (!written.stored) {
			if (written.unsent.status !== "failed") return rows.idAt(index);
		} else if (written.message.author_id === me && !written.message.deleted) {
			return rows.idAt(index);
		}
	}
	return null;
}
