/**
 * The connection to the server, as a pure state machine: what comes in, and what is to be done. It
 * knows no clock, no socket and no chance; `link` carries the effects out.
 *
 * One socket at a time. Where sockets are blocked although the server answers, it polls, and tries
 * the socket again now and then; both share the cursor, so changing over loses nothing.
 */

import {
	type Advice,
	CLOSE_CODES,
	type Command,
	type ErrorBody,
	type Event,
	type Polled,
	type Reload,
	type ServerFrame,
} from "../protocol";
import { backoffMs } from "./backoff";

export type Timer = "retry" | "open" | "silence" | "upgrade" | "poll";

export type Input =
	| { type: "start"; cursor: string | null; network: boolean; idle: boolean }
	| { type: "stop" }
	| { type: "token"; token: string }
	| { type: "token_failed"; error: ErrorBody }
	| { type: "opened"; socket: number }
	| { type: "frame"; socket: number; frame: ServerFrame }
	| { type: "closed"; socket: number; code: number }
	| { type: "polled"; poll: number; answer: Polled }
	| { type: "poll_failed"; poll: number; error: ErrorBody }
	| { type: "timer"; name: Timer }
	| { type: "network"; on: boolean }
	/** Somebody looks at the page again, or asks for it. */
	| { type: "now" }
	| { type: "idle"; idle: boolean }
	| { type: "command"; key: number; command: Command };

export type Effect =
	| { do: "connect"; socket: number }
	| { do: "close"; socket: number }
	| { do: "send"; socket: number; frame: Command }
	| { do: "poll"; poll: number; cursor: string | null; waitS: number }
	| { do: "abort_poll" }
	| { do: "set_timer"; name: Timer; ms: number }
	| { do: "clear_timer"; name: Timer }
	| { do: "want_token"; refused?: string }
	/** Something happened. */
	| { do: "event"; event: Event | Reload }
	/** What was missed isn't told: everything has to be loaded again. */
	| { do: "lost" }
	/** Everything up to here was handed on. */
	| { do: "cursor"; cursor: string }
	| { do: "caught_up"; by: "socket" | "polls" }
	/** The command was given this number. */
	| { do: "numbered"; key: number; id: number }
	| { do: "decline"; key: number }
	| { do: "answer"; id: number; data: unknown }
	| { do: "refuse"; id: number; error: ErrorBody }
	/** No answer comes to what is under way on the socket. */
	| { do: "drop" };

interface Socket {
	n: number;
	at: "opening" | "greeting" | "catching_up" | "online";
	hello: number;
	heardAt: number;
	onlineAt: number;
}

interface Polling {
	n: number;
	/** It was answered before. */
	proven: boolean;
	begunAt: number;
	/** A poll is under way. */
	asking: boolean;
}

export interface Machine {
	running: boolean;
	stopped: ErrorBody | null;
	network: boolean;
	idle: boolean;
	cursor: string | null;
	token: string | null;
	/** The next token has to be another one. */
	fresh: boolean;
	asking: boolean;
	socket: Socket | null;
	polling: Polling | null;
	/** When the next attempt is made. */
	waitUntil: number | null;
	/** Failed attempts in a row, for the backoff. */
	failures: number;
	/** Attempts in a row in which a socket never said a word. */
	blocked: number;
	lastTry: "socket" | "poll";
	/** Closes in a row that said that it is our fault. */
	faults: number;
	upgrades: number;
	/** Counts sockets and polls, so that what is late is known. */
	count: number;
	/** Counts commands. */
	id: number;
}

export interface World {
	/** ms */
	now: number;
	/** In [0, 1). */
	random: number;
}

export const OPEN_WITHIN_MS = 10_000;
export const TOKEN_WITHIN_MS = 30_000;
export const SILENCE_MS = 60_000;
/** A connection that lasted so long was a good one. */
export const STEADY_MS = 30_000;
/** Where the system says that there is no network, it is tried nevertheless, now and then. */
export const OFFLINE_RETRY_MS = 30_000;
export const POLL_WAIT_S = 25;
/** There may be 600 polls a minute. */
const POLL_EVERY_MS = 250;
const BLOCKED_AFTER = 2;
const FAULTS_ALLOWED = 2;
const UPGRADES_MS = [2_000, 60_000, 120_000, 300_000] as const;

export const IDLE: Machine = {
	running: false,
	stopped: null,
	network: true,
	idle: false,
	cursor: null,
	token: null,
	fresh: false,
	asking: false,
	socket: null,
	polling: null,
	waitUntil: null,
	failures: 0,
	blocked: 0,
	lastTry: "socket",
	faults: 0,
	upgrades: 0,
	count: 0,
	id: 0,
};

/** The machine after this, and what is to be done, in this order. */
export function step(
	before: Machine,
	input: Input,
	world: World,
): { machine: Machine; effects: Effect[] } {
	const run = new Run(before, world);
	run.take(input);
	return { machine: run.m, effects: run.effects };
}

/** Whether commands go over the socket now. */
export function speaks({ socket, polling }: Machine): boolean {
	return !polling && (socket?.at === "catching_up" || socket?.at === "online");
}

const greeted = ({ socket }: Machine) => socket !== null && socket.at !== "opening";

/** One step: a copy of the machine that it changes, and the effects that it gathers. */
class Run {
	readonly m: Machine;
	readonly effects: Effect[] = [];
	readonly #world: World;

	constructor(before: Machine, world: World) {
		this.m = { ...before };
		this.#world = world;
	}

	take(input: Input): void {
		const { m } = this;
		if (input.type === "start") return this.#start(input);
		if (!m.running) {
			if (input.type === "command") this.#do({ do: "decline", key: input.key });
			return;
		}
		switch (input.type) {
			case "stop":
				this.#hangUp();
				this.#clear("retry");
				this.m.running = false;
				this.m.waitUntil = null;
				this.m.asking = false;
				return;
			case "token":
				return this.#token(input.token);
			case "token_failed":
				return this.#tokenFailed();
			case "opened":
				return this.#opened(input.socket);
			case "frame":
				return this.#frame(input.socket, input.frame);
			case "closed":
				if (m.socket?.n === input.socket) this.#lostSocket(input.code);
				return;
			case "polled":
				return this.#polled(input.poll, input.answer);
			case "poll_failed":
				return this.#pollFailed(input.poll, input.error);
			case "timer":
				return this.#timer(input.name);
			case "network":
				return this.#network(input.on);
			case "now":
				return this.#now();
			case "idle":
				m.idle = input.idle;
				if (greeted(m)) this.#say({ type: "activity", idle: input.idle });
				return;
			case "command":
				if (!speaks(m)) return this.#do({ do: "decline", key: input.key });
				this.#do({ do: "numbered", key: input.key, id: m.id + 1 });
				this.#say(input.command);
		}
	}

	#start(input: Extract<Input, { type: "start" }>): void {
		const { m } = this;
		if (m.running) return;
		Object.assign(m, IDLE, {
			count: m.count,
			id: m.id,
			token: m.token,
			running: true,
			cursor: input.cursor,
			network: input.network,
			idle: input.idle,
		});
		this.#attempt();
	}

	/** Begins with a token, unless something is under way. */
	#attempt(): void {
		const { m } = this;
		if (m.socket || m.asking || m.polling || m.stopped) return;
		this.#clear("retry");
		m.waitUntil = null;
		m.asking = true;
		this.#set("open", TOKEN_WITHIN_MS);
		const refused = m.fresh && m.token !== null ? { refused: m.token } : {};
		this.#do({ do: "want_token", ...refused });
		m.fresh = false;
	}

	#token(token: string): void {
		const { m } = this;
		const changed = m.token !== token;
		m.token = token;
		if (m.asking) {
			m.asking = false;
			this.#clear("open");
			if (m.blocked >= BLOCKED_AFTER && m.lastTry === "socket") this.#poll(0);
			else this.#connect();
		} else if (changed && greeted(m)) {
			this.#say({ type: "renew", token });
		}
	}

	#tokenFailed(): void {
		const { m } = this;
		if (!m.asking) return;
		m.asking = false;
		this.#clear("open");
		m.failures += 1;
		this.#wait(this.#backoff());
	}

	#connect(): void {
		const { m } = this;
		m.count += 1;
		m.lastTry = "socket";
		const { now } = this.#world;
		m.socket = { n: m.count, at: "opening", hello: 0, heardAt: now, onlineAt: 0 };
		this.#set("open", OPEN_WITHIN_MS);
		this.#do({ do: "connect", socket: m.count });
	}

	#opened(n: number): void {
		const { m } = this;
		if (m.socket?.n !== n || m.socket.at !== "opening" || m.token === null) return;
		m.socket = { ...m.socket, at: "greeting", hello: m.id + 1 };
		const cursor = m.cursor === null ? {} : { cursor: m.cursor };
		this.#say({ type: "hello", token: m.token, idle: m.idle, ...cursor });
	}

	#frame(n: number, frame: ServerFrame): void {
		const { m } = this;
		if (m.socket?.n !== n || m.socket.at === "opening") return;
		m.socket = { ...m.socket, heardAt: this.#world.now };
		m.blocked = 0;
		switch (frame.type) {
			case "ok":
				if (frame.id !== m.socket.hello) {
					return this.#do({ do: "answer", id: frame.id, data: frame.data });
				}
				if (m.socket.at !== "greeting") return;
				m.socket = { ...m.socket, at: "catching_up" };
				this.#clear("open");
				this.#set("silence", SILENCE_MS);
				if (isHello(frame.data) && !frame.data.resumed) this.#do({ do: "lost" });
				return;
			case "error":
				// That of the hello is explained by the close that follows.
				if (frame.id === m.socket.hello) return;
				return this.#do({ do: "refuse", id: frame.id, error: frame.error });
			case "caught_up":
				return this.#caughtUp(m.socket, frame.cursor);
			case "heartbeat":
				if (m.socket.at !== "online") return;
				this.#advance(frame.cursor);
				if (this.#world.now - m.socket.onlineAt >= STEADY_MS) m.failures = 0;
				return this.#do({ do: "send", socket: n, frame: { type: "heartbeat" } });
			case "goodbye":
				return;
			case "message":
			case "reaction":
			case "room":
			case "member":
			case "typing":
			case "sessions":
			case "presence":
			case "reload":
				return this.#do({ do: "event", event: frame });
			// Anything else comes from a newer server.
		}
	}

	#caughtUp(socket: Socket, cursor: string): void {
		const { m } = this;
		if (socket.at !== "catching_up") return;
		m.socket = { ...socket, at: "online", onlineAt: this.#world.now };
		m.faults = 0;
		this.#endPolling();
		m.upgrades = 0;
		this.#advance(cursor);
		this.#do({ do: "caught_up", by: "socket" });
	}

	/** The socket is gone, or taken for it. */
	#lostSocket(code: number): void {
		const { m } = this;
		const { socket } = m;
		if (!socket) return;
		m.socket = null;
		this.#clear("open");
		this.#clear("silence");
		this.#do({ do: "drop" });
		const silent = socket.at === "opening" || socket.at === "greeting";
		if (silent && !(code in CLOSE_CODES)) m.blocked += 1;
		if (m.polling) return this.#planUpgrade();
		const lasted = socket.at === "online" && this.#world.now - socket.onlineAt >= STEADY_MS;
		m.failures = lasted ? 0 : m.failures + 1;
		const advice: Advice = code === 1000 ? "resume" : (CLOSE_CODES[code] ?? "resume");
		if (advice === "log_in") m.fresh = true;
		if (advice === "fix" || advice === "give_up") return this.#fault(code);
		this.#wait(this.#backoff() + (advice === "retry" ? 1_000 : 0));
	}

	/** The server says that this client does something wrong. A second try may go better. */
	#fault(code: number): void {
		const { m } = this;
		m.faults += 1;
		if (m.faults <= FAULTS_ALLOWED) return this.#wait(5_000 + this.#backoff());
		m.stopped = {
			code: code === 1009 ? "payload_too_large" : "malformed",
			detail: `The server closed the connection (${code}).`,
			advice: CLOSE_CODES[code] ?? "fix",
		};
	}

	#poll(waitS: number): void {
		const { m } = this;
		m.count += 1;
		m.lastTry = "poll";
		const proven = m.polling?.proven ?? false;
		m.polling = { n: m.count, proven, begunAt: this.#world.now, asking: true };
		this.#do({ do: "poll", poll: m.count, cursor: m.cursor, waitS });
	}

	#polled(n: number, answer: Polled): void {
		const { m } = this;
		if (m.polling?.n !== n) return;
		const first = !m.polling.proven;
		m.polling = { ...m.polling, proven: true, asking: false };
		if (!answer.resumed) this.#do({ do: "lost" });
		for (const event of answer.events) this.#do({ do: "event", event });
		this.#advance(answer.cursor);
		m.failures = 0;
		if (first) {
			this.#do({ do: "caught_up", by: "polls" });
			this.#planUpgrade();
		}
		const since = this.#world.now - m.polling.begunAt;
		if (since >= POLL_EVERY_MS) this.#poll(POLL_WAIT_S);
		else this.#set("poll", POLL_EVERY_MS - since);
	}

	#pollFailed(n: number, error: ErrorBody): void {
		const { m } = this;
		if (m.polling?.n !== n) return;
		m.polling = { ...m.polling, asking: false };
		if (error.code === "rate_limited") {
			return this.#set("poll", Math.max(error.retry_after_ms ?? 1_000, POLL_EVERY_MS));
		}
		this.#endPolling();
		if (error.advice === "log_in") m.fresh = true;
		// An attempt to open a socket may be under way; it decides what comes next.
		if (m.socket) return;
		m.failures += 1;
		this.#wait(this.#backoff());
	}

	#endPolling(): void {
		const { m } = this;
		if (!m.polling) return;
		if (m.polling.asking) this.#do({ do: "abort_poll" });
		m.polling = null;
		this.#clear("poll");
		this.#clear("upgrade");
	}

	#planUpgrade(): void {
		const { m } = this;
		const ms = UPGRADES_MS[Math.min(m.upgrades, UPGRADES_MS.length - 1)] ?? OFFLINE_RETRY_MS;
		m.upgrades += 1;
		this.#set("upgrade", ms);
	}

	#timer(name: Timer): void {
		const { m } = this;
		switch (name) {
			case "retry":
				if (m.waitUntil !== null) this.#attempt();
				return;
			case "open":
				if (m.asking) return this.#tokenFailed();
				return this.#die();
			case "silence": {
				if (!m.socket) return;
				// The clock of the device may have been set back.
				const heardAt = Math.min(m.socket.heardAt, this.#world.now);
				m.socket = { ...m.socket, heardAt };
				const left = heardAt + SILENCE_MS - this.#world.now;
				return left > 0 ? this.#set("silence", left) : this.#die();
			}
			case "upgrade":
				if (m.polling && !m.socket) this.#connect();
				return;
			case "poll":
				if (m.polling && !m.polling.asking) this.#poll(POLL_WAIT_S);
		}
	}

	/** Gives the socket up. */
	#die(): void {
		const { m } = this;
		if (!m.socket) return;
		this.#do({ do: "close", socket: m.socket.n });
		this.#lostSocket(1006);
	}

	#network(on: boolean): void {
		const { m } = this;
		m.network = on;
		if (on) return this.#now();
		this.#hangUp();
		m.asking = false;
		if (!m.stopped) this.#wait(OFFLINE_RETRY_MS);
	}

	#now(): void {
		const { m } = this;
		if (m.stopped) {
			m.stopped = null;
			m.faults = 0;
			return this.#attempt();
		}
		if (m.waitUntil !== null) return this.#attempt();
		const { socket } = m;
		if (socket && socket.at !== "opening" && socket.at !== "greeting") {
			if (this.#world.now - socket.heardAt >= SILENCE_MS) {
				this.#die();
				this.#attempt();
			}
		}
	}

	#hangUp(): void {
		const { m } = this;
		this.#endPolling();
		if (m.socket) {
			this.#do({ do: "close", socket: m.socket.n });
			this.#do({ do: "drop" });
			m.socket = null;
		}
		this.#clear("open");
		this.#clear("silence");
	}

	#wait(ms: number): void {
		this.m.waitUntil = this.#world.now + ms;
		this.#set("retry", ms);
	}

	#backoff(): number {
		return backoffMs(Math.max(0, this.m.failures - 1), this.#world.random);
	}

	#advance(cursor: string): void {
		this.m.cursor = cursor;
		this.#do({ do: "cursor", cursor });
	}

	#say(command: Command): void {
		const { m } = this;
		if (!m.socket) return;
		m.id += 1;
		this.#do({ do: "send", socket: m.socket.n, frame: { ...command, id: m.id } });
	}

	#set(name: Timer, ms: number): void {
		this.#do({ do: "set_timer", name, ms });
	}

	#clear(name: Timer): void {
		this.#do({ do: "clear_timer", name });
	}

	#do(effect: Effect): void {
		this.effects.push(effect);
	}
}

function isHello(data: unknown): data is { resumed: boolean } {
	return typeof data === "object" && data !== null && "resumed" in data;
}
