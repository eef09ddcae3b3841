import "fake-indexeddb/auto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Keep, type Mode } from "../../src/net/keep";
import type { KeptUnsent } from "../../src/net/kept";
import { NONCE_LIVES_MS, newNonce, Outbox, timeOf, type Waiting } from "../../src/net/outbox";
import { Refused, unreachable } from "../../src/net/refused";
import type { ErrorBody, Message, Sent } from "../../src/protocol";
import { freshBrowser, until } from "./browser";

const refused = (code: ErrorBody["code"], advice: ErrorBody["advice"], ms?: number) =>
	new Refused({ code, detail: "", advice, ...(ms !== undefined && { retry_after_ms: ms }) });

interface Attempt {
	nonce: string;
	text: string;
	room: string;
	retry: boolean;
}

/** Stores each nonce once, as the server does. */
class Server {
	readonly attempts: Attempt[] = [];
	readonly stored: Attempt[] = [];
	answer: (attempt: Attempt) => Promise<"store" | "store_and_lose" | "lose" | Refused> = async () =>
		"store";

	async send(unsent: KeptUnsent, retry: boolean): Promise<Sent> {
		const { nonce, text, roomId: room } = unsent;
		const attempt = { nonce, text, room, retry };
		this.attempts.push(attempt);
		const answer = await this.answer(attempt);
		if (answer instanceof Refused) throw answer;
		if (answer === "lose") throw unreachable();
		let at = this.stored.findIndex((it) => it.nonce === nonce);
		const duplicate = at >= 0;
		if (!duplicate) at = this.stored.push(attempt) - 1;
		if (answer === "store_and_lose") throw unreachable();
		return { message_id: `m${String(at).padStart(4, "0")}`, duplicate };
	}
}

class Tab {
	readonly keep: Keep;
	readonly outbox: Outbox;
	shown: Waiting[] = [];
	readonly acknowledged: Message[] = [];
	online = true;
	dead = false;
	mode: Mode = "ok";

	constructor(server: Server) {
		const name = newNonce();
		this.keep = new Keep("me", name, (mode) => {
			this.mode = mode;
		});
		this.outbox = new Outbox("me", name, this.keep, {
			transmit: (unsent, retry) => {
				const sent = server.send(unsent, retry);
				// Nobody hears the answer that comes for a tab that is gone.
				return sent.then((it) => (this.dead ? new Promise<Sent>(() => {}) : it));
			},
			online: () => this.online,
			changed: (shown) => {
				this.shown = shown;
			},
			acknowledged: (_nonce, _room, message) => {
				this.acknowledged.push(message);
			},
			me: () => "me",
		});
		tabs.push(this);
	}

	/** As when a process is killed: its lock is free, and it does nothing more. */
	kill(): void {
		this.dead = true;
		this.outbox.stop();
	}
}

let tabs: Tab[] = [];

beforeEach(() => freshBrowser());
afterEach(async () => {
	for (const tab of tabs) tab.kill();
	for (const tab of tabs) await tab.keep.close();
	tabs = [];
	vi.unstubAllGlobals();
});

const texts = (server: Server, room = "room") =>
	server.stored.filter((it) => it.room === room).map((it) => it.text);

describe("an outbox", () => {
	test("has a message on the disk, marked as tried, before it goes out", async () => {
		const server = new Server();
		const tab = new Tab(server);
		const seen: KeptUnsent[] = [];
		server.answer = async () => {
			seen.push(...((await tab.keep.unsent()) ?? []));
			return "store";
		};
		await tab.outbox.add("room", "hello");
		await until(() => tab.acknowledged.length === 1);
		expect(seen).toMatchObject([{ text: "hello" }]);
		expect(seen[0]?.triedAt).toBeGreaterThan(0);
		expect(tab.shown).toEqual([]);
		await until(async () => (await tab.keep.unsent())?.length === 0);
		expect(server.attempts).toMatchObject([{ retry: false }]);
	});

	test("sends nothing that is still on its way to the disk", async () => {
		const server = new Server();
		const tab = new Tab(server);
		const put = tab.keep.putUnsent.bind(tab.keep);
		let written = () => {};
		vi.spyOn(tab.keep, "putUnsent").mockImplementation(async (unsent) => {
			await new Promise<void>((done) => {
				written = done;
			});
			return put(unsent);
		});
		// It sends by now.
		await new Promise((done) => setTimeout(done, 20));
		const added = tab.outbox.add("room", "hello");
		tab.outbox.pump();
		tab.outbox.revive();
		await new Promise((done) => setTimeout(done, 20));
		expect(server.attempts).toEqual([]);
		expect(tab.shown).toMatchObject([{ status: "waiting" }]);
		written();
		await added;
		await until(() => server.stored.length === 1);
	});

	test("never forgets that something was tried, although the disk is read meanwhile", async () => {
		const server = new Server();
		const tab = new Tab(server);
		server.answer = async () => "lose";
		const read = tab.keep.unsent.bind(tab.keep);
		let reads = 0;
		vi.spyOn(tab.keep, "unsent").mockImplementation(async () => {
			const before = await read();
			reads += 1;
			await new Promise((done) => setTimeout(done, 15));
			return before;
		});
		await tab.outbox.add("room", "hello");
		while (server.attempts.length < 4) {
			void tab.outbox.load();
			await new Promise((done) => setTimeout(done, 7));
			tab.outbox.revive();
		}
		expect(reads).toBeGreaterThan(1);
		expect(server.attempts.map((it) => it.retry)).toEqual(server.attempts.map((_, n) => n > 0));
	});

	test("is taken over from a tab that was put to sleep", async () => {
		const server = new Server();
		const asleep = new Tab(server);
		await new Promise((done) => setTimeout(done, 20));
		asleep.online = false;
		const awake = new Tab(server);
		await awake.outbox.add("room", "hello");
		await new Promise((done) => setTimeout(done, 500));
		expect(server.attempts).toEqual([]);
		await until(() => server.stored.length === 1, 8_000);
		expect(awake.acknowledged).toHaveLength(1);
	}, 12_000);

	test("is not taken over from a tab that waits for the rate limit", async () => {
		const server = new Server();
		const [first, second] = [new Tab(server), new Tab(server)];
		const began = Date.now();
		const limited = 5_000;
		server.answer = async () => {
			const left = began + limited - Date.now();
			return left > 0 ? refused("rate_limited", "retry", left) : "store";
		};
		await second.outbox.add("room", "hello");
		await until(() => server.stored.length === 1, 8_000);
		expect(server.attempts).toHaveLength(2);
		expect(first.acknowledged).toHaveLength(1);
	}, 12_000);

	test("sends one at a time in a room, in order, and rooms side by side", async () => {
		const server = new Server();
		const tab = new Tab(server);
		const underWay = new Map<string, number>();
		let most = 0;
		server.answer = async ({ room }) => {
			underWay.set(room, (underWay.get(room) ?? 0) + 1);
			expect(underWay.get(room)).toBe(1);
			most = Math.max(
				most,
				[...underWay.values()].reduce((a, b) => a + b),
			);
			await new Promise((done) => setTimeout(done, 5));
			underWay.set(room, 0);
			return "store";
		};
		for (let n = 0; n < 4; n += 1) {
			void tab.outbox.add("a", `a${n}`);
			void tab.outbox.add("b", `b${n}`);
		}
		await until(() => server.stored.length === 8);
		expect(texts(server, "a")).toEqual(["a0", "a1", "a2", "a3"]);
		expect(texts(server, "b")).toEqual(["b0", "b1", "b2", "b3"]);
		expect(most).toBe(2);
	});

	test("drains by itself against a limit of the rate", async () => {
		const server = new Server();
		const tab = new Tab(server);
		let since = Date.now();
		let count = 0;
		server.answer = async () => {
			if (Date.now() - since > 60) {
				since = Date.now();
				count = 0;
			}
			if (count >= 5) return refused("rate_limited", "retry", since + 61 - Date.now());
			count += 1;
			return "store";
		};
		for (let n = 0; n < 20; n += 1) void tab.outbox.add("room", `${n}`);
		await until(() => server.stored.length === 20, 8_000);
		expect(texts(server)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
		expect(tab.shown).toEqual([]);
	}, 10_000);

	test("repeats what was not answered, with the same nonce, and says so", async () => {
		const server = new Server();
		const tab = new Tab(server);
		const answers = ["lose", "store_and_lose", "store"] as const;
		server.answer = async () => answers[server.attempts.length - 1] ?? "store";
		await tab.outbox.add("room", "hello");
		for (let n = 2; n <= 3; n += 1) {
			await until(() => tab.shown[0]?.status === "waiting");
			tab.outbox.revive();
			await until(() => server.attempts.length === n);
		}
		await until(() => tab.acknowledged.length === 1);
		expect(server.attempts.map((it) => it.retry)).toEqual([false, true, true]);
		expect(new Set(server.attempts.map((it) => it.nonce)).size).toBe(1);
		expect(texts(server)).toEqual(["hello"]);
	});

	test("keeps what was refused for the person, and goes on with the next", async () => {
		const server = new Server();
		const tab = new Tab(server);
		server.answer = async ({ text }) =>
			text === "bad" ? refused("forbidden", "give_up") : "store";
		await tab.outbox.add("room", "bad");
		await tab.outbox.add("room", "good");
		await until(() => server.stored.length === 1);
		await until(() => tab.shown.length === 1);
		expect(tab.shown).toMatchObject([{ text: "bad", status: "failed", tried: true }]);
		expect(tab.shown[0]?.error?.code).toBe("forbidden");

		server.answer = async () => "store";
		await tab.outbox.tryAgain(tab.shown[0]?.nonce ?? "");
		await until(() => server.stored.length === 2);
		expect(server.attempts.at(-1)?.retry).toBe(true);
	});

	test("forgets what is thrown away, in all tabs", async () => {
		const server = new Server();
		const [tab, other] = [new Tab(server), new Tab(server)];
		server.answer = async () => refused("forbidden", "give_up");
		await tab.outbox.add("room", "bad");
		await until(() => other.shown[0]?.status === "failed");
		await other.outbox.discard(other.shown[0]?.nonce ?? "");
		await until(() => tab.shown.length === 0 && other.shown.length === 0);
		expect(await tab.keep.unsent()).toEqual([]);
	});

	test("sends nothing while there is no connection", async () => {
		const server = new Server();
		const tab = new Tab(server);
		tab.online = false;
		await tab.outbox.add("room", "hello");
		await new Promise((done) => setTimeout(done, 30));
		expect(server.attempts).toEqual([]);
		expect(tab.shown).toMatchObject([{ status: "waiting", tried: false }]);
		tab.online = true;
		tab.outbox.revive();
		await until(() => server.stored.length === 1);
	});

	test("takes a message that is seen for stored", async () => {
		const server = new Server();
		const tab = new Tab(server);
		server.answer = async () => "store_and_lose";
		await tab.outbox.add("room", "hello");
		await until(() => tab.shown[0]?.status === "waiting" && server.stored.length === 1);
		tab.outbox.seen(tab.shown[0]?.nonce ?? "");
		expect(tab.shown).toEqual([]);
		await until(async () => (await tab.keep.unsent())?.length === 0);
		expect(server.attempts).toHaveLength(1);
	});

	test("goes on after the tab was killed, as a retry", async () => {
		const server = new Server();
		const first = new Tab(server);
		server.answer = async () => "store";
		let answered = () => {};
		server.answer = () =>
			new Promise((done) => {
				answered = () => done("store");
			});
		await first.outbox.add("room", "one");
		await first.outbox.add("room", "two");
		await until(() => server.attempts.length === 1);
		first.kill();
		answered();
		server.answer = async () => "store";
		const second = new Tab(server);
		await until(() => second.acknowledged.length === 2);
		expect(server.attempts.map(({ text, retry }) => [text, retry])).toEqual([
			["one", false],
			["one", true],
			["two", false],
		]);
		expect(texts(server)).toEqual(["one", "two"]);
	});

	test("lets one of several tabs send, and shows it in all", async () => {
		const server = new Server();
		const [one, two] = [new Tab(server), new Tab(server)];
		await two.outbox.add("room", "from two");
		await until(() => one.acknowledged.length === 1 && two.acknowledged.length === 1);
		await one.outbox.add("room", "from one");
		await until(() => one.acknowledged.length === 2 && two.acknowledged.length === 2);
		expect(server.attempts.map((it) => it.retry)).toEqual([false, false]);
		await until(() => one.shown.length === 0 && two.shown.length === 0);
		one.kill();
		await two.outbox.add("room", "alone");
		await until(() => server.stored.length === 3);
	});

	test("does so without locks, too", async () => {
		freshBrowser({ locks: false });
		const server = new Server();
		const [one, two] = [new Tab(server), new Tab(server)];
		await new Promise((done) => setTimeout(done, 20));
		await two.outbox.add("room", "hello");
		await until(() => one.acknowledged.length === 1 && two.acknowledged.length === 1);
		expect(server.attempts).toHaveLength(1);
	});

	test("loses nothing when what is kept is deleted while it is open", async () => {
		const server = new Server();
		const [tab, other] = [new Tab(server), new Tab(server)];
		for (const it of tabs) it.online = false;
		await tab.outbox.add("room", "one");
		await other.outbox.add("room", "two");
		await until(() => tabs.every((it) => it.shown.length === 2));
		await new Promise((done) => {
			indexedDB.deleteDatabase("starling-me").onsuccess = done;
		});
		await tab.outbox.add("room", "three");
		await until(() => tabs.every((it) => it.shown.length === 3));
		for (const it of tabs) it.online = true;
		for (const it of tabs) it.outbox.revive();
		await until(() => server.stored.length === 3 && tabs.every((it) => it.shown.length === 0));
		expect(texts(server).sort()).toEqual(["one", "three", "two"]);
	});

	test("goes on where the disk comes late", async () => {
		const server = new Server();
		const first = new Tab(server);
		first.online = false;
		await first.outbox.add("room", "kept");
		first.kill();
		const open = indexedDB.open.bind(indexedDB);
		const spy = vi.spyOn(indexedDB, "open").mockImplementation((...asked) => {
			const request = open(...asked);
			const heard = request.addEventListener.bind(request);
			// Everybody hears of it later than it is waited for.
			request.addEventListener = ((name: string, listener: EventListener) =>
				heard(name, (event) => {
					if (name === "upgradeneeded") listener(event);
					else setTimeout(() => listener(event), 3_300);
				})) as typeof request.addEventListener;
			return request;
		});
		const second = new Tab(server);
		await until(() => second.mode === "memory", 4_000);
		await second.outbox.add("room", "meanwhile");
		await until(() => second.mode === "ok");
		spy.mockRestore();
		await second.outbox.load();
		second.outbox.pump();
		await until(() => server.stored.length === 2);
		expect(texts(server).sort()).toEqual(["kept", "meanwhile"]);
	}, 10_000);

	test("waits no longer than it has to when the clock is set back", async () => {
		const server = new Server();
		const tab = new Tab(server);
		server.answer = async () =>
			server.attempts.length === 1 ? refused("rate_limited", "retry", 30) : "store";
		await tab.outbox.add("room", "one");
		await until(() => server.attempts.length === 1);
		const now = Date.now();
		vi.spyOn(Date, "now").mockReturnValue(now - 86_400_000);
		for (let n = 0; n < 200 && server.stored.length === 0; n += 1) {
			await new Promise((done) => setTimeout(done, 5));
		}
		vi.restoreAllMocks();
		expect(server.stored).toHaveLength(1);
	});

	test("works in memory where there is no disk", async () => {
		freshBrowser({ disk: false });
		const server = new Server();
		const [one, two] = [new Tab(server), new Tab(server)];
		await one.outbox.add("room", "one");
		await two.outbox.add("room", "two");
		await until(() => server.stored.length === 2);
		expect([one.mode, two.mode]).toEqual(["memory", "memory"]);
		expect(server.attempts.map((it) => it.retry)).toEqual([false, false]);
	});

	test("doesn't try again what the server may have forgotten", async () => {
		const server = new Server();
		const tab = new Tab(server);
		const old = {
			nonce: newNonce(),
			roomId: "room",
			text: "long ago",
			writtenAt: 1,
			triedAt: Date.now() - NONCE_LIVES_MS - 1,
		};
		await tab.keep.putUnsent(old);
		await tab.outbox.load();
		tab.outbox.pump();
		await until(() => tab.shown[0]?.status === "failed");
		expect(tab.shown[0]?.error?.code).toBe("unsure");
		expect(server.attempts).toEqual([]);
		const { keep } = tab;
		const left: string[][] = [];
		const deleteUnsent = keep.deleteUnsent.bind(keep);
		keep.deleteUnsent = async (nonce) => {
			left.push(((await keep.unsent()) ?? []).map((it) => it.text));
			return deleteUnsent(nonce);
		};
		await tab.outbox.tryAgain(old.nonce);
		// Until the new one is on the disk, the old one is.
		expect(left[0]).toEqual(["long ago", "long ago"]);
		await until(() => server.stored.length === 1);
		expect(server.attempts[0]).toMatchObject({ text: "long ago", retry: false });
		expect(server.attempts[0]?.nonce).not.toBe(old.nonce);
	});
});

test("whatever is lost on the way, and whichever tab dies: everything goes out once, in order", async () => {
	const fate = fc.constantFrom("store", "store", "store_and_lose", "lose", "busy", "limit", "slow");
	const act = fc.constantFrom("add", "add", "add", "kill", "open", "pause", "offline");
	await fc.assert(
		fc.asyncProperty(
			fc.array(fate, { maxLength: 30 }),
			fc.array(fc.tuple(act, fc.nat({ max: 2 })), { minLength: 1, maxLength: 25 }),
			async (fates, acts) => {
				freshBrowser();
				const server = new Server();
				const sent = new Set<string>();
				const untrue: string[] = [];
				server.answer = async ({ nonce, retry }) => {
					// What may have arrived says so. (A tab may die between the mark and the attempt.)
					if (sent.has(nonce) && !retry) untrue.push(nonce);
					sent.add(nonce);
					const next = fates.shift() ?? "store";
					if (next === "busy") return refused("overloaded", "retry", 1);
					if (next === "limit") return refused("rate_limited", "retry", 1);
					if (next === "slow") {
						await new Promise((done) => setTimeout(done, 3));
						return "store";
					}
					return next;
				};
				const live: Tab[] = [new Tab(server), new Tab(server)];
				const written: { tab: Tab; room: string; text: string }[] = [];
				for (const [what, which] of acts) {
					const tab = live[which % live.length];
					if (!tab) continue;
					if (what === "add") {
						const room = which === 0 ? "a" : "b";
						const text = `${room}${written.length}`;
						await tab.outbox.add(room, text);
						written.push({ tab, room, text });
					} else if (what === "kill" && live.length > 1) {
						tab.kill();
						live.splice(which % live.length, 1);
					} else if (what === "open") {
						live.push(new Tab(server));
					} else if (what === "offline") {
						tab.online = !tab.online;
						if (tab.online) tab.outbox.revive();
					} else {
						await new Promise((done) => setTimeout(done, 4));
					}
				}
				for (const tab of live) tab.online = true;
				await until(async () => {
					for (const tab of live) tab.outbox.revive();
					return (
						server.stored.length >= written.length && live.every((it) => it.shown.length === 0)
					);
				}, 10_000);
				for (const room of ["a", "b"]) {
					const all = written.filter((it) => it.room === room);
					expect(texts(server, room).sort()).toEqual(all.map((it) => it.text).sort());
					// What was written in one tab is in order.
					for (const tab of new Set(all.map((it) => it.tab))) {
						const own = all.filter((it) => it.tab === tab).map((it) => it.text);
						expect(texts(server, room).filter((it) => own.includes(it))).toEqual(own);
					}
				}
				expect(untrue).toEqual([]);
				for (const tab of live) tab.kill();
			},
		),
		{ numRuns: 100 },
	);
}, 120_000);

test("a message's id says when it was sent", () => {
	expect(timeOf("01a1fe27-4546-7000-b9da-6beaa0840601")).toBe(1_795_265_348_934);
});
