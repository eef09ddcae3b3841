import { act, Profiler, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { startLanguages } from "../../src/app/i18n";
import { ConversationList } from "../../src/features/conversations";
import { ConversationRow } from "../../src/features/conversations/ConversationRow";
import { RoomPane } from "../../src/features/room";
import { type Action, reduce } from "../../src/state/reducer";
import { conversations } from "../../src/state/selectors";
import { ChatContext, newStore, useChat } from "../../src/state/store";
import type { RoomState } from "../../src/state/types";
import { fakeClient } from "../fixtures/client";
import { ME, richState } from "../fixtures/state";

let root: Root;

beforeAll(async () => {
	Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
	await startLanguages("en");
});

afterEach(() => {
	act(() => root.unmount());
	vi.useRealTimers();
});

/** Shows it, and counts how often something below a `Counted` is rendered. */
async function show(element: ReactNode) {
	vi.useFakeTimers();
	const store = newStore(richState());
	root = createRoot(document.body.appendChild(document.createElement("div")));
	const chat = { store, client: fakeClient(store) };
	act(() => root.render(<ChatContext value={chat}>{element}</ChatContext>));
	await act(() => vi.advanceTimersByTimeAsync(2_000));
	counts.clear();
	const take = (action: Action) =>
		act(() => store.setState(reduce(store.getState(), action), true));
	return { state: store.getState(), take };
}

const counts = new Map<string, number>();

function Counted({ id, children }: { id: string; children: ReactNode }) {
	const count = () => counts.set(id, (counts.get(id) ?? 0) + 1);
	return (
		<Profiler id={id} onRender={count}>
			{children}
		</Profiler>
	);
}

function Row({ id }: { id: string }) {
	const it = useChat((state) => state.rooms[id]);
	return it && <ConversationRow it={it} me={ME} open={false} stop={false} />;
}

function message(room: RoomState): Action {
	const id = "ffffffff-0000-7000-8000-000000000001";
	const author_id = Object.keys(room.members).find((it) => it !== ME.id) ?? "";
	return {
		type: "event",
		now: Date.now(),
		event: {
			type: "message",
			room_id: room.room.id,
			message: { id, author_id, kind: "text", text: "hello", sent_at: Date.now(), version: id },
		},
	};
}

test("a message renders the row of its own conversation, and no other", async () => {
	const rows = conversations(richState()).map(({ room: { id } }) => (
		<Counted key={id} id={id}>
			<Row id={id} />
		</Counted>
	));
	const { state, take } = await show(rows);
	const [, other] = conversations(state);
	if (!other) throw new Error("there are conversations");
	take(message(other));
	expect([...counts.keys()]).toEqual([other.room.id]);
});

test("a message in a room that one is not in renders nothing of the list", async () => {
	const nothing = () => {};
	const { state, take } = await show(
		<Counted id="list">
			<ConversationList me={ME} open={null} onCreate={nothing} onStart={nothing} />
		</Counted>,
	);
	const [joined] = conversations(state);
	if (!joined) throw new Error("there are conversations");
	const left = { ...joined.room, id: "left", version: "z" };
	take({ type: "event", event: { type: "room", room: left }, now: 0 });
	counts.clear();
	take(message({ ...joined, room: left }));
	expect(counts.size).toBe(0);
});

test("somebody's presence renders nothing of a room's timeline", async () => {
	const room = conversations(richState()).find((it) => it.live && it.room.kind !== "direct");
	if (!room) throw new Error("there is a room that was opened");
	const author = room.messages.get(room.live?.ids.at(-1) ?? "")?.author_id ?? "";
	const { take } = await show(
		<Counted id="room">
			<RoomPane roomId={room.room.id} onDetails={() => {}} />
		</Counted>,
	);
	const began = document.querySelectorAll("article").length;
	take({ type: "presence", entries: [{ user_id: "a stranger", status: "online" }] });
	expect(counts.size).toBe(0);
	take({ type: "presence", entries: [{ user_id: author, status: "do_not_disturb" }] });
	expect(document.querySelectorAll("article")).toHaveLength(began);
	expect(counts.get("room") ?? 0).toBeLessThanOrEqual(1);
});
