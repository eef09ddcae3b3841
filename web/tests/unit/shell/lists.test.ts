import { describe, expect, test } from "vitest";
import { attention, mentions } from "../../../src/features/conversations/attention";
import { neighbour } from "../../../src/features/conversations/neighbours";
import { preview } from "../../../src/features/conversations/preview";
import { inOrder } from "../../../src/features/details/inOrder";
import { fit, rank } from "../../../src/features/jump/rank";
import type { RoomState } from "../../../src/state/types";
import { ME, richState, roomNumber } from "../../fixtures/state";

const state = richState(1_800_000_000_000);
const room = (n: number): RoomState => {
	const it = state.rooms[roomNumber(n)];
	if (!it) throw new Error(`the fixture has no room ${n}`);
	return it;
};

describe("mentions", () => {
	test.each(["@nora", "hello @Nora!", "(@nora)", "@nora.", "so, @nora, yes"])("%s", (text) => {
		expect(mentions(text, "nora")).toBe(true);
	});
	test.each(["nora", "@noras", "mail@nora", "@nora.b", "@nora-b", "@@nora", "x.@nora"])(
		"not %s",
		(text) => {
			expect(mentions(text, "nora")).toBe(false);
		},
	);
	test("a dot in the name is a dot", () => {
		expect(mentions("@a.b", "a.b")).toBe(true);
		expect(mentions("@axb", "a.b")).toBe(false);
	});
});

describe("attention", () => {
	test("a mention among the unread ones is wanted", () => {
		expect(attention(room(2), ME)).toEqual({ unread: 3, wanted: true });
	});
	test("other unread messages are counted only", () => {
		expect(attention(room(3), ME)).toEqual({ unread: 12, wanted: false });
	});
	test("direct messages are wanted", () => {
		expect(attention(room(21), ME)).toEqual({ unread: 1, wanted: true });
	});
	test("what is read asks for nothing", () => {
		expect(attention(room(1), ME)).toEqual({ unread: 0, wanted: false });
	});
});

describe("the line under a conversation", () => {
	const nothing = { unsent: [] };
	const unsent = {
		nonce: "n",
		roomId: roomNumber(1),
		text: "later",
		writtenAt: 0,
		tried: false,
		status: "failed" as const,
	};
	test("a draft comes first, unless it is an edit or blank", () => {
		expect(preview(room(1), { ...nothing, draft: { text: "hm" } }).kind).toBe("draft");
		expect(preview(room(1), { ...nothing, draft: { text: " " } }).kind).toBe("text");
		expect(preview(room(1), { ...nothing, draft: { text: "hm", editing: "m" } }).kind).toBe("text");
	});
	test("then what was not sent", () => {
		const line = preview(room(1), { unsent: [unsent] });
		expect(line).toEqual({ kind: "unsent", text: "later", failed: true });
	});
	test("then the newest message, whatever it is", () => {
		expect(preview(room(4), nothing).kind).toBe("system");
		expect(preview(room(8), nothing).kind).toBe("deleted");
		expect(preview(room(11), nothing).kind).toBe("empty");
	});
});

describe("the next conversation", () => {
	const list = ["a", "b", "c"];
	test("goes round", () => {
		expect(neighbour(list, (it) => it === "c", 1)).toBe("a");
		expect(neighbour(list, (it) => it === "a", -1)).toBe("c");
	});
	test("from nowhere it is the first or the last", () => {
		expect(neighbour(list, () => false, 1)).toBe("a");
		expect(neighbour(list, () => false, -1)).toBe("c");
	});
	test("skips what is not asked for, and is never oneself", () => {
		expect(
			neighbour(
				list,
				(it) => it === "a",
				1,
				(it) => it === "c",
			),
		).toBe("c");
		expect(neighbour(["a"], (it) => it === "a", 1)).toBe(null);
		expect(neighbour([], () => false, 1)).toBe(null);
	});
});

describe("finding by words", () => {
	test("whole names first, then their beginnings, then words, then parts", () => {
		const names = ["under design", "redesign", "design-2", "design"];
		expect(rank("design", names, (it) => it)).toEqual([
			"design",
			"design-2",
			"under design",
			"redesign",
		]);
	});
	test("every word that is asked for has to be there", () => {
		expect(fit("ines cha", "Ines Charpentier")).not.toBe(null);
		expect(fit("ines cha", "Ines Weber")).toBe(null);
	});
	test("case, marks and signs don't matter", () => {
		expect(fit("nandu", "José Ñandú")).not.toBe(null);
		expect(fit("#lobby", "Lobby")).not.toBe(null);
		expect(fit("ليلى", "ليلى الحسن")).not.toBe(null);
		expect(fit("🎂", "🎂 birthdays")).not.toBe(null);
	});
	test("one letter finds beginnings alone", () => {
		expect(fit("o", "lobby")).toBe(null);
	});
});

describe("the order of members", () => {
	const { members } = room(1);
	test("owner, admins, then by name", () => {
		const [first, second, third] = inOrder(members, state.users, 24, "en");
		expect([first?.role, second?.role, third?.role]).toEqual(["owner", "admin", "member"]);
		const names = inOrder(members, state.users, 24, "en")
			.slice(2)
			.map((it) => state.users[it.user_id]?.display_name ?? "");
		expect(names).toEqual([...names].sort(new Intl.Collator("en", { numeric: true }).compare));
	});
	test("in a large room what comes later is added at the end", () => {
		const all = inOrder(members, state.users, 5000, "en").slice(2);
		expect(all.map((it) => it.user_id)).toEqual(all.map((it) => it.user_id).sort());
	});
});
