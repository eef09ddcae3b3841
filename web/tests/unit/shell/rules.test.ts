import { describe, expect, test } from "vitest";
import { strength } from "../../../src/features/auth/strength";
import { safePlace, withNext } from "../../../src/features/auth/useNext";
import { arrivals } from "../../../src/features/notices/arrivals";
import { networkNews } from "../../../src/features/notices/network";
import { refusalOf } from "../../../src/features/notices/refusals";
import { browserAndSystem } from "../../../src/features/settings/device";
import { Refused } from "../../../src/net/refused";
import type { State } from "../../../src/state/types";
import { idAt, ME, PEOPLE, richState, roomNumber } from "../../fixtures/state";

describe("where one goes after the log-in", () => {
	test("to where one wanted, inside the client", () => {
		expect(safePlace("/r/abc/m/def")).toBe("/r/abc/m/def");
		expect(withNext("/login", "/r/abc?x=1")).toBe("/login?next=%2Fr%2Fabc%3Fx%3D1");
		expect(withNext("/login", "/")).toBe("/login");
	});
	test.each([null, "", "https://example.org", "//example.org", "/\\example.org", "/login", "x"])(
		"not to %s",
		(asked) => {
			expect(safePlace(asked)).toBe("/");
		},
	);
});

describe("passwords", () => {
	test("short ones, common ones and one's own name are weak, whatever else is in them", () => {
		expect(strength("Ab1!xyz")).toBe("short");
		expect(strength("password123!")).toBe("weak");
		expect(strength("aaaaaaaaaaaa")).toBe("weak");
		expect(strength("noranora-2024", ["nora"])).toBe("weak");
	});
	test("long ones are good without signs", () => {
		expect(strength("correct horse battery")).toBe("good");
		expect(strength("kitchenwindow")).toBe("fair");
	});
	test("characters are counted, not units", () => {
		expect(strength("🎂🎂🎂🎂")).toBe("short");
	});
});

describe("the network's line", () => {
	const at = { waiting: 2, since: 0, now: 10_000 };
	test("offline says how much waits", () => {
		expect(networkNews({ at: "offline" }, at)).toEqual({ kind: "offline", waiting: 2 });
	});
	test("a quick reconnect is not mentioned", () => {
		expect(networkNews({ at: "connecting" }, { ...at, since: 9_000 })).toBe(null);
		expect(networkNews({ at: "catching_up" }, at)).toBe(null);
	});
	test("a slow one counts down", () => {
		const connecting = { at: "connecting", retryAt: 14_200 } as const;
		expect(networkNews(connecting, at)).toEqual({ kind: "connecting", seconds: 5 });
		expect(networkNews({ at: "connecting" }, at)).toEqual({ kind: "connecting", seconds: null });
	});
	test("long polls are mentioned, the socket is not", () => {
		expect(networkNews({ at: "online", by: "polls" }, at)).toEqual({ kind: "polls" });
		expect(networkNews({ at: "online", by: "socket" }, at)).toBe(null);
	});
});

describe("refusals", () => {
	test("are read from what the client throws", () => {
		const error = {
			code: "rate_limited",
			detail: "",
			advice: "retry",
			retry_after_ms: 3000,
		} as const;
		expect(refusalOf(new Refused(error))).toMatchObject({ code: "rate_limited", wait: 3000 });
	});
	test("anything else is a mistake of ours", () => {
		expect(refusalOf(new TypeError("x")).code).toBe("internal");
		expect(refusalOf(undefined).code).toBe("internal");
	});
});

describe("arrivals", () => {
	const before = richState(1_800_000_000_000);
	const by = (n: number) => PEOPLE[n]?.id ?? "";
	function after(n: number, text: string, author: string, at = 1_800_000_001_000): State {
		const it = before.rooms[roomNumber(n)];
		if (!it) throw new Error(`the fixture has no room ${n}`);
		const id = idAt(at);
		const message = {
			id,
			version: id,
			author_id: author,
			kind: "text" as const,
			sent_at: at,
			text,
		};
		const changed = { ...it, lastMessage: id, messages: it.messages.with([[id, message]]) };
		return { ...before, rooms: { ...before.rooms, [it.room.id]: changed } };
	}
	test("direct messages and mentions count, others and one's own don't", () => {
		expect(arrivals(before, after(21, "hi", by(1)), ME)).toHaveLength(1);
		expect(arrivals(before, after(1, "@nora hi", by(1)), ME)).toHaveLength(1);
		expect(arrivals(before, after(1, "hi", by(1)), ME)).toHaveLength(0);
		expect(arrivals(before, after(21, "hi", ME.id), ME)).toHaveLength(0);
	});
	test("what was there when the client was opened does not", () => {
		const empty = { ...before, rooms: {} };
		expect(arrivals(empty, after(21, "hi", by(1)), ME)).toHaveLength(0);
	});
	test("nor what is older than what one knew", () => {
		expect(arrivals(before, after(21, "hi", by(1), 1_700_000_000_000), ME)).toHaveLength(0);
	});
});

test("devices are called by browser and system", () => {
	const edge =
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
	expect(browserAndSystem(edge)).toEqual({ browser: "Edge", system: "Windows" });
	expect(browserAndSystem("curl/8.5.0")).toBe(null);
});
