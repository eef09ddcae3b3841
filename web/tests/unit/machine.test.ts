import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	type Effect,
	IDLE,
	type Input,
	type Machine,
	OPEN_WITHIN_MS,
	SILENCE_MS,
	STEADY_MS,
	step,
	type Timer,
} from "../../src/net/machine";
import type { Command, ErrorBody, Event } from "../../src/protocol";

const error = (code: ErrorBody["code"], advice: ErrorBody["advice"]): ErrorBody => ({
	code,
	detail: "",
	advice,
});

const heard: Event = { type: "typing", room_id: "room", user_id: "ann", on: true };

/** A world around the machine: one clock, its timers, and what it did. */
class World {
	machine: Machine = IDLE;
	now = 1_000_000;
	random = 0.5;
	readonly timers = new Map<Timer, number>();
	open: number | null = null;
	poll: number | null = null;
	wantsToken = 0;
	refused: string | undefined;
	all: Effect[] = [];
	sent: Command[] = [];
	/** Since the socket was opened. */
	helloed = false;

	input(input: Input): Effect[] {
		const { machine, effects } = step(this.machine, input, this);
		this.machine = machine;
		for (const effect of effects) this.carryOut(effect);
		this.all.push(...effects);
		return effects;
	}

	carryOut(effect: Effect): void {
		switch (effect.do) {
			case "connect":
				expect(this.open, "two sockets").toBeNull();
				this.open = effect.socket;
				this.helloed = false;
				return;
			case "close":
				expect(effect.socket).toBe(this.open);
				this.open = null;
				return;
			case "send":
				expect(effect.socket, "sent to no socket").toBe(this.open);
				if (effect.frame.type === "hello") this.helloed = true;
				expect(this.helloed, "sent before hello").toBe(true);
				this.sent.push(effect.frame);
				return;
			case "poll":
				expect(this.poll, "two polls").toBeNull();
				this.poll = effect.poll;
				return;
			case "abort_poll":
				this.poll = null;
				return;
			case "set_timer":
				expect(effect.ms).toBeGreaterThanOrEqual(0);
				expect(effect.ms).toBeLessThanOrEqual(300_000);
				if (effect.name === "retry") expect(effect.ms).toBeLessThanOrEqual(35_000);
				this.timers.set(effect.name, this.now + effect.ms);
				return;
			case "clear_timer":
				this.timers.delete(effect.name);
				return;
			case "want_token":
				this.wantsToken += 1;
				this.refused = effect.refused;
		}
	}

	start(cursor: string | null = null): this {
		this.input({ type: "start", cursor, network: true, idle: false });
		return this;
	}

	token(token = "token"): Effect[] {
		this.wantsToken = 0;
		return this.input({ type: "token", token });
	}

	/** Time goes on to the next timer. */
	fire(): Timer | null {
		const next = [...this.timers].sort(([, a], [, b]) => a - b)[0];
		if (!next) return null;
		const [name, at] = next;
		this.now = Math.max(this.now, at);
		this.timers.delete(name);
		this.input({ type: "timer", name });
		return name;
	}

	closed(code: number): Effect[] {
		const socket = this.open ?? 0;
		this.open = null;
		return this.input({ type: "closed", socket, code });
	}

	frame(frame: Extract<Input, { type: "frame" }>["frame"]): Effect[] {
		return this.input({ type: "frame", socket: this.open ?? 0, frame });
	}

	online(cursor = "c1"): this {
		this.token();
		this.input({ type: "opened", socket: this.open ?? 0 });
		const hello = this.sent.at(-1)?.id ?? 0;
		this.frame({ type: "ok", id: hello, data: helloed(true) });
		this.frame({ type: "caught_up", cursor });
		return this;
	}

	did(effect: Effect["do"]): Effect[] {
		return this.all.filter((it) => it.do === effect);
	}
}

function helloed(resumed: boolean) {
	return {
		user_id: "me",
		session_id: "s",
		resumed,
		heartbeat_s: 25,
		silence_limit_s: 65,
		now: 0,
	};
}

describe("the connection", () => {
	test("says hello with its cursor first, and is online once it has caught up", () => {
		const world = new World().start("c0");
		world.token();
		world.input({ type: "opened", socket: 1 });
		expect(world.sent).toEqual([
			{ type: "hello", token: "token", idle: false, cursor: "c0", id: 1 },
		]);
		world.frame({ type: "ok", id: 1, data: helloed(true) });
		world.frame(heard as never);
		expect(world.did("caught_up")).toEqual([]);
		world.frame({ type: "caught_up", cursor: "c1" });
		expect(world.did("caught_up")).toEqual([{ do: "caught_up", by: "socket" }]);
		expect(world.machine.cursor).toBe("c1");
	});

	test("answers heartbeats, and keeps their cursor", () => {
		const world = new World().start().online();
		const effects = world.frame({ type: "heartbeat", cursor: "c2" });
		expect(effects).toEqual([
			{ do: "cursor", cursor: "c2" },
			{ do: "send", socket: 1, frame: { type: "heartbeat" } },
		]);
	});

	test("is taken for dead after a minute of silence", () => {
		const world = new World().start().online();
		world.now += SILENCE_MS - 1_000;
		world.frame(heard as never);
		expect(world.fire()).toBe("silence");
		expect(world.open).not.toBeNull();
		expect(world.fire()).toBe("silence");
		expect(world.open).toBeNull();
		expect(world.timers.has("retry")).toBe(true);
	});

	test("is so, too, although the clock was set back meanwhile", () => {
		const world = new World().start().online();
		world.now -= 86_400_000;
		world.input({ type: "timer", name: "silence" });
		const set = world.now;
		world.timers.set("silence", set + SILENCE_MS);
		expect(world.fire()).toBe("silence");
		expect(world.now).toBe(set + SILENCE_MS);
		expect(world.open).toBeNull();
	});

	test("tells that everything has to be loaded again before what happens next", () => {
		const world = new World().start("old");
		world.token();
		world.input({ type: "opened", socket: 1 });
		expect(world.frame({ type: "ok", id: 1, data: helloed(false) })).toContainEqual({ do: "lost" });
	});

	test("renews the token on the open socket", () => {
		const world = new World().start().online();
		expect(world.token("another")).toEqual([
			{ do: "send", socket: 1, frame: { type: "renew", token: "another", id: 2 } },
		]);
		expect(world.token("another")).toEqual([]);
	});

	test.each([4001, 4002])("asks for another token after %d", (code) => {
		const world = new World().start().online();
		world.closed(code);
		expect(world.fire()).toBe("retry");
		expect(world.refused).toBe("token");
	});

	test.each([1000, 1001, 1006, 4003, 4004, 4005, 4999])("comes back soon after %d", (code) => {
		const world = new World().start().online();
		world.now += STEADY_MS;
		world.closed(code);
		expect(world.machine.waitUntil).toBeLessThanOrEqual(world.now + 1_000);
		world.fire();
		expect(world.wantsToken).toBe(1);
	});

	test("gives up after it was told three times that it does something wrong, until asked", () => {
		const world = new World().start();
		for (let n = 0; n < 3; n += 1) {
			expect(world.machine.stopped).toBeNull();
			world.token();
			world.input({ type: "opened", socket: world.open ?? 0 });
			world.closed(4000);
			world.fire();
		}
		expect(world.machine.stopped?.advice).toBe("fix");
		world.input({ type: "now" });
		expect(world.machine.stopped).toBeNull();
		expect(world.wantsToken).toBe(1);
	});

	test("waits longer and longer while nobody answers, at most 30 seconds", () => {
		const world = new World().start();
		world.random = 0.999;
		const waits: number[] = [];
		for (let n = 0; n < 12; n += 1) {
			if (world.wantsToken > 0) world.token();
			if (world.open !== null) world.closed(1006);
			if (world.poll !== null) {
				const poll = world.poll;
				world.poll = null;
				world.input({ type: "poll_failed", poll, error: error("unreachable", "retry") });
			}
			waits.push((world.machine.waitUntil ?? 0) - world.now);
			world.fire();
		}
		const seconds = waits.map((wait) => Math.ceil(wait / 1_000));
		expect(seconds.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 30, 30]);
		expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
	});

	test("tries at once when the network is back, or somebody looks", () => {
		for (const input of [{ type: "network", on: true }, { type: "now" }] as const) {
			const world = new World().start().online();
			world.closed(1006);
			expect(world.wantsToken).toBe(0);
			world.input(input);
			expect(world.wantsToken).toBe(1);
		}
	});

	test("wakes up to a dead socket, and opens another one", () => {
		const world = new World().start().online();
		world.now += 3_600_000;
		world.input({ type: "now" });
		expect(world.open).toBeNull();
		expect(world.wantsToken).toBe(1);
	});

	test("declines commands that no socket could carry, and drops what was under way", () => {
		const world = new World().start();
		const command = { type: "presence", choice: "away" } as const;
		expect(world.input({ type: "command", key: 7, command })).toEqual([{ do: "decline", key: 7 }]);
		world.online();
		expect(world.input({ type: "command", key: 8, command })).toEqual([
			{ do: "numbered", key: 8, id: 2 },
			{ do: "send", socket: 1, frame: { ...command, id: 2 } },
		]);
		expect(world.closed(1006)).toContainEqual({ do: "drop" });
	});

	test("that opens too slowly is given up", () => {
		const world = new World().start();
		world.token();
		const began = world.now;
		expect(world.fire()).toBe("open");
		expect(world.now - began).toBe(OPEN_WITHIN_MS);
		expect(world.open).toBeNull();
	});
});

describe("where sockets are blocked", () => {
	const blocked = () => {
		const world = new World().start("c0");
		for (let n = 0; n < 2; n += 1) {
			world.token();
			world.closed(1006);
			world.fire();
		}
		world.token();
		return world;
	};

	const answer = (world: World, cursor: string) => {
		const poll = world.poll ?? 0;
		world.poll = null;
		const polled = { events: [heard], cursor, resumed: true };
		return world.input({ type: "polled", poll, answer: polled });
	};

	test("it polls from the same cursor after two attempts", () => {
		const world = blocked();
		expect(world.did("poll")).toEqual([{ do: "poll", poll: 3, cursor: "c0", waitS: 0 }]);
		const effects = answer(world, "c1");
		expect(effects.map((it) => it.do).slice(0, 3)).toEqual(["event", "cursor", "caught_up"]);
		world.fire();
		expect(world.did("poll").at(-1)).toMatchObject({ cursor: "c1", waitS: 25 });
	});

	test("it tries the socket now and then, and changes over with the newest cursor", () => {
		const world = blocked();
		answer(world, "c1");
		world.fire();
		answer(world, "c2");
		while (world.open === null) world.fire();
		world.input({ type: "opened", socket: world.open });
		expect(world.sent.at(-1)).toMatchObject({ type: "hello", cursor: "c2" });
		world.frame({ type: "ok", id: world.sent.at(-1)?.id ?? 0, data: helloed(true) });
		expect(world.machine.polling).not.toBeNull();
		world.frame({ type: "caught_up", cursor: "c3" });
		expect(world.machine.polling).toBeNull();
		expect(world.poll).toBeNull();
		expect(world.machine.cursor).toBe("c3");
	});

	test("it goes on polling when the socket fails again", () => {
		const world = blocked();
		answer(world, "c1");
		while (world.open === null) world.fire();
		const poll = world.poll;
		world.closed(1006);
		expect(world.poll).toBe(poll);
		expect(world.timers.has("upgrade")).toBe(true);
	});

	test("it tries a socket first after polls fail", () => {
		const world = blocked();
		const poll = world.poll ?? 0;
		world.poll = null;
		world.input({ type: "poll_failed", poll, error: error("unreachable", "retry") });
		world.fire();
		world.token();
		expect(world.open).not.toBeNull();
	});
});

type Chance =
	| "token"
	| "token_failed"
	| "opened"
	| "ok"
	| "ok_lost"
	| "caught_up"
	| "heartbeat"
	| "event"
	| "error"
	| "closed"
	| "polled"
	| "poll_failed"
	| "fire"
	| "time"
	| "offline"
	| "online"
	| "now"
	| "idle"
	| "command"
	| "renewed"
	| "late";

const chances: Chance[] = [
	"token",
	"token_failed",
	"opened",
	"ok",
	"ok_lost",
	"caught_up",
	"heartbeat",
	"event",
	"error",
	"closed",
	"polled",
	"poll_failed",
	"fire",
	"time",
	"offline",
	"online",
	"now",
	"idle",
	"command",
	"renewed",
	"late",
];

test("whatever happens: one socket, hello first, a bounded wait, and always a way on", () => {
	const anything = fc.array(
		fc.record({
			what: fc.constantFrom(...chances),
			code: fc.constantFrom(1000, 1006, 1009, 4000, 4001, 4002, 4003, 4005, 4006, 4007, 4321),
			random: fc.double({ min: 0, max: 0.999, noNaN: true }),
			ms: fc.nat({ max: 100_000 }),
		}),
		{ maxLength: 150 },
	);
	fc.assert(
		fc.property(anything, (list) => {
			const world = new World().start(null);
			let told = 0;
			let cursor: string | null = null;
			for (const { what, code, random, ms } of list) {
				world.random = random;
				const before = world.all.length;
				happen(world, what, code, ms, () => {
					told += 1;
					return `c${told}`;
				});
				for (const [at, effect] of world.all.slice(before).entries()) {
					// What was told with a cursor stands before it.
					if (effect.do === "cursor") {
						const rest = world.all.slice(before + at + 1);
						expect(rest.filter((it) => it.do === "event")).toEqual([]);
						cursor = effect.cursor;
					}
				}
				expect(world.machine.cursor).toBe(cursor);
				const { stopped } = world.machine;
				const waysOn = world.timers.size + (stopped ? 1 : 0);
				expect(waysOn + (world.poll === null ? 0 : 1), "there is no way on").toBeGreaterThan(0);
				if (world.machine.asking) expect(world.timers.has("open")).toBe(true);
				if (world.machine.socket)
					expect(["open", "silence"].some((it) => world.timers.has(it as Timer))).toBe(true);
			}
		}),
		{ numRuns: 2_000 },
	);
});

function happen(world: World, what: Chance, code: number, ms: number, next: () => string): void {
	const socket = world.open ?? 0;
	const hello = world.sent.findLast((it) => it.type === "hello")?.id ?? 0;
	switch (what) {
		case "token":
			if (world.wantsToken > 0) world.token();
			return;
		case "token_failed":
			if (world.wantsToken === 0) return;
			world.wantsToken = 0;
			world.input({ type: "token_failed", error: error("unreachable", "retry") });
			return;
		case "opened":
			if (world.open !== null) world.input({ type: "opened", socket });
			return;
		case "ok":
		case "ok_lost":
			if (world.helloed) world.frame({ type: "ok", id: hello, data: helloed(what === "ok") });
			return;
		case "caught_up":
			// The server says so once, after the hello.
			if (world.machine.socket?.at === "catching_up") {
				world.frame({ type: "caught_up", cursor: next() });
			}
			return;
		case "heartbeat":
			if (world.machine.socket?.at === "online") {
				world.frame({ type: "heartbeat", cursor: next() });
			}
			return;
		case "event":
			if (world.helloed && world.open !== null) world.frame(heard as never);
			return;
		case "error":
			if (world.helloed && world.open !== null) {
				world.frame({
					type: "error",
					id: hello,
					error: error("unauthenticated", "log_in") as never,
				});
			}
			return;
		case "closed":
			if (world.open !== null) world.closed(code);
			return;
		case "polled": {
			if (world.poll === null) return;
			const poll = world.poll;
			world.poll = null;
			const answer = { events: [heard], cursor: next(), resumed: ms % 5 > 0 };
			world.input({ type: "polled", poll, answer });
			return;
		}
		case "poll_failed": {
			if (world.poll === null) return;
			const poll = world.poll;
			world.poll = null;
			const codes = ["unreachable", "rate_limited", "unauthenticated"] as const;
			const failed = error(codes[ms % 3] ?? "unreachable", ms % 3 === 2 ? "log_in" : "retry");
			world.input({ type: "poll_failed", poll, error: failed });
			return;
		}
		case "fire":
			world.fire();
			return;
		case "time":
			world.now += ms;
			return;
		case "offline":
		case "online":
			world.input({ type: "network", on: what === "online" });
			return;
		case "now":
			world.input({ type: "now" });
			return;
		case "idle":
			world.input({ type: "idle", idle: ms % 2 === 0 });
			return;
		case "command":
			world.input({
				type: "command",
				key: ms,
				command: { type: "typing", room_id: "room", on: true },
			});
			return;
		case "renewed":
			if (world.wantsToken === 0) world.input({ type: "token", token: `token ${ms}` });
			return;
		case "late":
			// From a socket or a poll that is long gone.
			world.input({ type: "closed", socket: -1, code });
			world.input({ type: "opened", socket: -1 });
			world.input({ type: "frame", socket: -1, frame: { type: "caught_up", cursor: "late" } });
			world.input({
				type: "polled",
				poll: -1,
				answer: { events: [], cursor: "late", resumed: true },
			});
	}
}
