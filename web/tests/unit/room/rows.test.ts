import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	BLOCK_MS,
	countAfter,
	firstUnread,
	type Row,
	rows,
	type Timeline,
} from "../../../src/features/room/timeline/rows";
import type { Message } from "../../../src/protocol";
import type { Unsent } from "../../../src/state/types";

const ME = "me";
const NOON = Date.UTC(2026, 10, 20, 12);
const idOf = (n: number) => `m${String(n).padStart(6, "0")}`;

function message(n: number, author: string, at: number, more: Partial<Message> = {}): Message {
	const id = idOf(n);
	return { id, author_id: author, kind: "text", text: `t${n}`, sent_at: at, version: id, ...more };
}

const unsent = (nonce: string, at: number): Unsent => ({
	nonce,
	roomId: "r",
	text: nonce,
	writtenAt: at,
	tried: false,
	status: "waiting",
});

function timeline(messages: Message[], more: Partial<Timeline> = {}): Timeline {
	const byId = new Map(messages.map((it) => [it.id, it]));
	return {
		ids: messages.map((it) => it.id),
		moreBefore: false,
		moreAfter: false,
		message: (id) => byId.get(id),
		unsent: [],
		me: ME,
		newFrom: null,
		timeZone: "UTC",
		...more,
	};
}

const all = (it: Timeline): Row[] => {
	const made = rows(it);
	return Array.from({ length: made.count }, (_, index) => made.at(index));
};
const heads = (it: Timeline) => all(it).map((row) => (row.kind === "entry" ? row.head : null));
const days = (it: Timeline) => all(it).map((row) => ("day" in row ? row.day !== null : null));

describe("rows", () => {
	test("begin with the conversation's start, and end with what waits", () => {
		const made = all(timeline([message(1, "a", NOON)], { unsent: [unsent("n-1", NOON + 1)] }));
		expect(made.map((row) => row.key)).toEqual(["start", idOf(1), "n-1"]);
		expect(made[0]).toEqual({ kind: "start", key: "start", more: false });
	});

	test("messages of one person within five minutes of each other are one block", () => {
		const list = [
			message(1, "a", NOON),
			message(2, "a", NOON + BLOCK_MS),
			message(3, "a", NOON + 2 * BLOCK_MS + 1),
			message(4, "b", NOON + 2 * BLOCK_MS + 2),
		];
		expect(heads(timeline(list))).toEqual([null, true, false, true, true]);
	});

	test("a system message ends a block", () => {
		const joined = message(2, "a", NOON, { kind: "system", system: { event: "joined" } });
		const list = [message(1, "a", NOON), joined, message(3, "a", NOON)];
		expect(heads(timeline(list))).toEqual([null, true, null, true]);
	});

	test("days change at the reader's midnight", () => {
		const late = Date.UTC(2026, 10, 20, 22, 30);
		const list = [message(1, "a", late), message(2, "a", late + 60 * 60_000)];
		expect(days(timeline(list, { timeZone: "UTC" }))).toEqual([null, true, false]);
		expect(days(timeline(list, { timeZone: "Europe/Berlin" }))).toEqual([null, true, true]);
		expect(days(timeline(list, { timeZone: "Europe/Helsinki" }))).toEqual([null, true, false]);
		const later = [message(1, "a", late), message(2, "a", late + 2 * 60 * 60_000)];
		expect(days(timeline(later, { timeZone: "UTC" }))).toEqual([null, true, true]);
		expect(days(timeline(later, { timeZone: "America/New_York" }))).toEqual([null, true, false]);
	});

	test("a day that the clock makes an hour longer is one day", () => {
		const at = Date.UTC(2026, 9, 25, 0, 30);
		const list = [message(1, "a", at), message(2, "a", at + 60 * 60_000)];
		expect(days(timeline(list, { timeZone: "Europe/Berlin" }))).toEqual([null, true, false]);
	});

	test("an own message keeps its key when it is acknowledged, and is there once", () => {
		const waiting = timeline([message(1, "a", NOON)], { unsent: [unsent("n-1", NOON)] });
		const stored = message(2, ME, NOON, { nonce: "n-1" });
		const acknowledged = timeline([message(1, "a", NOON), stored]);
		const between = timeline([message(1, "a", NOON), stored], { unsent: [unsent("n-1", NOON)] });
		for (const it of [waiting, acknowledged, between]) {
			expect(all(it).map((row) => row.key)).toEqual(["start", idOf(1), "n-1"]);
		}
		expect(rows(acknowledged).indexOf("n-1", "n-1")).toBe(2);
	});

	test("somebody else's nonce is no key: two people may have made the same", () => {
		const list = [
			message(1, "a", NOON, { nonce: "same" }),
			message(2, ME, NOON, { nonce: "same" }),
		];
		expect(all(timeline(list)).map((row) => row.key)).toEqual(["start", idOf(1), "same"]);
	});

	test("what waits is not shown beside an older stretch", () => {
		const it = timeline([message(1, "a", NOON)], {
			moreAfter: true,
			unsent: [unsent("n-1", NOON)],
		});
		expect(all(it).map((row) => row.kind)).toEqual(["start", "entry", "end"]);
	});

	test("an id without a message has a place", () => {
		const it = timeline([message(1, "a", NOON)]);
		const made = all({ ...it, ids: [...it.ids, idOf(2)] });
		expect(made[2]).toEqual({ kind: "missing", key: idOf(2) });
	});

	const generated = fc
		.array(
			fc.record({
				author: fc.constantFrom(ME, "a", "b"),
				pause: fc.integer({ min: 0, max: 30 * 60 * 60_000 }),
				system: fc.boolean(),
				nonce: fc.boolean(),
			}),
			{ maxLength: 30 },
		)
		.map((list) => {
			let at = NOON;
			return list.map((it, n) => {
				at += it.pause;
				return message(n, it.author, at, {
					...(it.system ? { kind: "system" } : {}),
					...(it.nonce ? { nonce: `nonce-${n}` } : {}),
				});
			});
		});

	test("each message is there once, in order, and found by its key and its id", () => {
		fc.assert(
			fc.property(generated, fc.boolean(), fc.nat(3), (messages, moreAfter, waiting) => {
				const wait = Array.from({ length: waiting }, (_, n) => unsent(`w-${n}`, NOON));
				const made = rows(timeline(messages, { moreAfter, unsent: wait }));
				const keys = Array.from({ length: made.count }, (_, index) => made.keyAt(index));
				expect(new Set(keys).size).toBe(keys.length);
				expect(made.count).toBe(1 + messages.length + (moreAfter ? 1 : waiting));
				messages.forEach((it, n) => {
					expect(made.indexOfMessage(it.id)).toBe(n + 1);
					expect(made.messageAt(n + 1)).toBe(it.id);
				});
				for (let index = 0; index < made.count; index++) {
					expect(made.at(index).key).toBe(keys[index]);
					expect(made.indexOf(made.idAt(index))).toBe(index);
				}
			}),
		);
	});

	test("older and newer ones change no row but those that they touch", () => {
		fc.assert(
			fc.property(generated, fc.nat(), fc.nat(), (messages, a, b) => {
				const [from, to] = [a % (messages.length + 1), b % (messages.length + 1)].sort(
					(x, y) => x - y,
				) as [number, number];
				const whole = all(timeline(messages)).slice(1);
				const part = all(timeline(messages.slice(from, to))).slice(1);
				expect(part.slice(1)).toEqual(whole.slice(from + 1, to));
			}),
		);
	});

	test("'new' stands before one message, which begins a block", () => {
		fc.assert(
			fc.property(generated, fc.nat(), (messages, n) => {
				fc.pre(messages.length > 0);
				const newFrom = idOf(n % messages.length);
				const marked = all(timeline(messages, { newFrom })).filter(
					(row) => "isNew" in row && row.isNew,
				);
				expect(marked).toHaveLength(1);
				const [row] = marked;
				const found = row?.kind === "entry" && row.written.stored ? row.written.message : null;
				if (row?.kind === "entry") expect([row.head, found?.id]).toEqual([true, newFrom]);
			}),
		);
	});
});

describe("people who come or go one after the other", () => {
	const joined = (n: number, at: number, event: "joined" | "left" = "joined") =>
		message(n, `p${n % 20}`, at, { kind: "system", text: "", system: { event } });
	const several = (from: number, to: number, at = NOON) =>
		Array.from({ length: to - from }, (_, n) => joined(from + n, at + n));
	const kinds = (it: Timeline) => all(it).map((row) => row.kind);

	test("are folded into one row from three on, each of them named once", () => {
		expect(kinds(timeline(several(1, 3)))).toEqual(["start", "system", "system"]);
		const row = all(timeline([...several(1, 4), joined(21, NOON + 9)]))[1];
		expect(row).toMatchObject({
			kind: "fold",
			event: "joined",
			open: false,
			people: ["p1", "p2", "p3"],
		});
	});

	test("another kind, another message, another day and 'new' end a run", () => {
		const gone = several(4, 7, NOON + 10).map((it) => ({
			...it,
			system: { event: "left" as const },
		}));
		expect(kinds(timeline([...several(1, 4), ...gone])).filter((it) => it === "fold")).toHaveLength(
			2,
		);
		const text = message(3, "a", NOON + 2);
		const apart = [...several(1, 3), text, ...several(4, 6, NOON + 3)];
		expect(kinds(timeline(apart))).not.toContain("fold");
		const overnight = [...several(1, 3), ...several(3, 5, NOON + 24 * 60 * 60_000)];
		expect(kinds(timeline(overnight))).not.toContain("fold");
		expect(kinds(timeline(several(1, 5), { newFrom: idOf(3) }))).not.toContain("fold");
	});

	test("keep their keys when older and newer ones come, and their place for a message", () => {
		const list = several(1, 10);
		const part = rows(timeline(list.slice(4, 7), { moreBefore: true }));
		const whole = rows(timeline(list));
		for (const it of list.slice(4, 7)) {
			const at = (made: typeof whole) => made.keyAt(made.indexOfMessage(it.id));
			expect(at(part)).toBe(at(whole));
		}
		expect([1, 2, 3].map(part.isLoose)).toEqual([true, true, true]);
		expect(part.lastMessageAt(1)).toBe(idOf(7));
	});

	test("are all shown where one of them was opened, also after more have come", () => {
		const opened = new Set([idOf(5)]);
		const made = all(timeline(several(1, 10), { opened }));
		expect(made.map((row) => row.kind)).toEqual(["start", "fold", ...Array(8).fill("system")]);
		expect(made[1]).toMatchObject({ open: true });
	});
});

describe("what is unread", () => {
	const list = [
		message(1, "a", NOON),
		message(2, ME, NOON + 1),
		message(3, "a", NOON + 2, { deleted: true }),
		message(4, "b", NOON + 3),
		message(5, "b", NOON + 4),
	];
	const { ids, message: get } = timeline(list);

	test("begins with the first of somebody else after what was read", () => {
		expect(firstUnread(ids, get, { upTo: idOf(1), joinedAt: 0 }, ME)).toBe(idOf(4));
		expect(firstUnread(ids, get, { upTo: idOf(4), joinedAt: 0 }, ME)).toBe(idOf(5));
		expect(firstUnread(ids, get, { upTo: idOf(5), joinedAt: 0 }, ME)).toBeNull();
	});

	test("begins where one joined, as long as nothing was read", () => {
		expect(firstUnread(ids, get, { upTo: null, joinedAt: NOON + 4 }, ME)).toBe(idOf(5));
		expect(firstUnread(ids, get, { upTo: null, joinedAt: NOON + 9 }, ME)).toBeNull();
	});

	test("counts what others wrote", () => {
		expect(countAfter(ids, get, idOf(1), ME)).toBe(2);
		expect(countAfter(ids, get, idOf(5), ME)).toBe(0);
	});
});
