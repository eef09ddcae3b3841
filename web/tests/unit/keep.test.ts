import "fake-indexeddb/auto";
import { IDBObjectStore as FakeStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { keptOf, roomOf } from "../../src/app/engine/snapshot";
import { Keep, type Mode } from "../../src/net/keep";
import type { KeptRoom } from "../../src/net/kept";
import { EMPTY } from "../../src/state/empty";
import { reduce } from "../../src/state/reducer";
import { unread } from "../../src/state/selectors";
import type { RoomState, State } from "../../src/state/types";
import { freshBrowser, until } from "./browser";
import { ME, OTHERS, ServerRoom, userOf } from "./model";

const me = { ...userOf(ME), email: "", presence: "auto" } as const;

let keeps: Keep[] = [];
beforeEach(() => freshBrowser());
afterEach(async () => {
	vi.restoreAllMocks();
	for (const keep of keeps) await keep.close();
	keeps = [];
});

function open(tab: string, user = ME) {
	const modes: Mode[] = [];
	const keep = new Keep(user, tab, (mode) => modes.push(mode));
	keeps.push(keep);
	return { keep, modes };
}

function kept(name: string): KeptRoom {
	const server = new ServerRoom(name);
	return {
		id: name,
		room: server.room,
		me: null,
		memberCount: null,
		members: [],
		lastMessage: null,
		counted: { unread: 0, upTo: null, read: null },
		live: null,
		messages: [],
		reactions: [],
		myReactions: [],
	};
}

const change = (cursor: string, ...rooms: string[]) => ({
	me,
	cursor,
	users: [userOf("ann")],
	rooms: rooms.map(kept),
	gone: [],
});

describe("a snapshot", () => {
	test("is what was written, with the cursor that covers it", async () => {
		const { keep } = open("one");
		expect(await keep.snapshot()).toBeNull();
		expect(await keep.writeSnapshot(change("c1", "a", "b"), true)).toBe("written");
		const { users: _, ...rest } = change("c2", "b");
		expect(await keep.writeSnapshot({ ...rest, gone: ["a"] }, false)).toBe("written");
		const found = await keep.snapshot();
		expect(found?.cursor).toBe("c2");
		expect(found?.rooms.map((it) => it.id)).toEqual(["b"]);
		expect(found?.users).toEqual([userOf("ann")]);
	});

	test("of another tab is not mixed with one's own, but replaced", async () => {
		const [one, two] = [open("one").keep, open("two").keep];
		await one.writeSnapshot(change("c1", "a", "b"), true);
		expect(await two.writeSnapshot(change("c9", "b"), false)).toBe("not_mine");
		expect((await one.snapshot())?.cursor).toBe("c1");
		expect(await two.writeSnapshot(change("c9", "b"), true)).toBe("written");
		expect((await one.snapshot())?.rooms.map((it) => it.id)).toEqual(["b"]);
		expect(await one.writeSnapshot(change("c2"), false)).toBe("not_mine");
	});

	test("gives way to what was written by hand when the disk is full", async () => {
		const { keep, modes } = open("one");
		await keep.writeSnapshot(change("c1", "a"), true);
		const put = vi.spyOn(FakeStore.prototype, "put");
		let room = 0;
		put.mockImplementation(function (this: IDBObjectStore, ...args: unknown[]) {
			const full = this.name === "outbox" && room++ === 0;
			if (full) throw new DOMException("full", "QuotaExceededError");
			return (FakeStore.prototype.add as (...all: unknown[]) => IDBRequest).apply(this, args);
		} as never);
		const unsent = { nonce: "nonce-1", roomId: "a", text: "hello", writtenAt: 1 };
		expect(await keep.putUnsent(unsent)).toBe(true);
		expect(await keep.unsent()).toEqual([unsent]);
		expect(await keep.snapshot()).toBeNull();
		expect(modes).toEqual([]);
	});

	test("and where even that doesn't help, it is said", async () => {
		const { keep, modes } = open("one");
		const put = vi.spyOn(FakeStore.prototype, "put").mockImplementation(() => {
			throw new DOMException("full", "QuotaExceededError");
		});
		const unsent = { nonce: "nonce-1", roomId: "a", text: "hello", writtenAt: 1 };
		expect(await keep.putUnsent(unsent)).toBe(false);
		expect(modes).toEqual(["full"]);
		put.mockRestore();
		expect(await keep.putUnsent(unsent)).toBe(true);
		expect(modes).toEqual(["full", "ok"]);
	});

	test("is a whole one again after it made room", async () => {
		const { keep } = open("one");
		await keep.writeSnapshot(change("c1", "a", "b"), true);
		const put = vi.spyOn(FakeStore.prototype, "put");
		put.mockImplementationOnce(() => {
			throw new DOMException("full", "QuotaExceededError");
		});
		await keep.putUnsent({ nonce: "nonce-1", roomId: "a", text: "hello", writtenAt: 1 });
		expect(await keep.writeSnapshot(change("c2", "a"), false)).toBe("not_mine");
	});

	test("of a claim, the one that was made before the clock was set back does not hold", async () => {
		const { keep } = open("one");
		const now = Date.now();
		const clock = vi.spyOn(Date, "now").mockReturnValue(now + 86_400_000);
		expect(await keep.claim("outbox", "one", 6_000)).toBe(true);
		expect(await keep.claim("outbox", "two", 6_000)).toBe(false);
		clock.mockReturnValue(now);
		expect(await keep.claim("outbox", "two", 6_000)).toBe(true);
		expect(await keep.claim("outbox", "one", 6_000)).toBe(false);
	});

	test("is kept for each person apart, and nothing stays of who logs out", async () => {
		const { keep } = open("one");
		const other = open("one", "eve").keep;
		await keep.writeSnapshot(change("c1", "a"), true);
		await keep.putDraft({ roomId: "a", text: "unfinished" });
		expect(await other.snapshot()).toBeNull();
		await keep.wipe();
		await until(async () => (await indexedDB.databases()).length === 1);
		expect((await indexedDB.databases()).map((it) => it.name)).toEqual(["starling-eve"]);
	});
});

describe("a room that is kept", () => {
	const seen = (posts: number) => {
		const server = new ServerRoom();
		for (let n = 0; n < posts; n += 1) server.post(OTHERS[n % 2] ?? "ann");
		server.react(posts - 1, ME, true);
		server.read(ME, posts - 4);
		let state: State = reduce(EMPTY, { type: "session", session: { at: "in", me } });
		state = reduce(state, { type: "conversations", list: [server.conversation()] });
		const page = server.history({ newest: true }, 100);
		state = reduce(state, { type: "page", room: "room", part: { newest: true }, page });
		return { server, it: state.rooms.room as RoomState };
	};

	test("is the same when it is read, as far as it goes back", () => {
		const { server, it } = seen(80);
		const again = roomOf(structuredClone(keptOf(it, ME, true)));
		expect(again.live?.ids).toEqual(server.ids.slice(-60));
		expect(again.live?.moreBefore).toBe(true);
		expect(unread(again, ME)).toBe(unread(it, ME));
		expect(again.lastMessage).toBe(it.lastMessage);
		const last = server.ids.at(-1) ?? "";
		expect(again.messages.get(last)).toEqual(it.messages.get(last));
		expect(again.reactions.get(last)).toEqual(it.reactions.get(last));
		expect(again.myReactions.get(last)).toEqual(it.myReactions.get(last));
	});

	test("has no history where something was missed, or nobody opened it", () => {
		const { it } = seen(80);
		const stale = keptOf({ ...it, stale: true }, ME, true);
		expect(stale.live).toBeNull();
		const closed = keptOf(it, ME, false);
		expect(closed.live).toBeNull();
		expect(closed.messages).toHaveLength(1);
		expect(unread(roomOf(closed), ME)).toBe(unread(it, ME));
	});
});
