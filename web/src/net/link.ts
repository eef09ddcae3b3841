/** Carries out what the machine says, with a real socket, real requests and real timers. */

import type { Command, ErrorBody, Event, Polled, Reload, ServerFrame } from "../protocol";
import { type Call, overHttp } from "./commands";
import { type Effect, IDLE, type Input, type Machine, speaks, step, type Timer } from "./machine";
import { Refused, refusal, unreachable } from "./refused";

/** How the client reaches the server; the same as in the state. */
export type Reach =
	| { at: "connecting"; retryAt?: number }
	| { at: "catching_up" }
	| { at: "online"; by: "socket" | "polls" }
	| { at: "offline" }
	| { at: "stopped"; error: ErrorBody };

/** What the link asks of the world, and tells it. */
export interface Ends {
	/** Another one than that which was `refused`. Rejects with `Refused`. */
	token(refused?: string): Promise<string>;
	/** With a token. */
	call<T>(call: Call): Promise<T>;
	poll(query: Record<string, string | number | boolean>, signal: AbortSignal): Promise<Polled>;
	event(event: Event | Reload): void;
	lost(): void;
	/** Everything before it was handed on. */
	cursor(cursor: string): void;
	caughtUp(by: "socket" | "polls"): void;
	reach(reach: Reach): void;
	/** Whose presence is wanted, for polls. */
	watched(): readonly string[];
}

export const PROTOCOL = "starling.v1";
/** A command that was not answered for so long may have been done or not. */
export const ANSWER_WITHIN_MS = 20_000;
/** While the connection comes back, a command waits for so long. */
export const PATIENCE_MS = 10_000;

interface Waiting {
	done(data: unknown): void;
	failed(error: Refused): void;
	timer: ReturnType<typeof setTimeout>;
}

type Sockets = (protocol: string) => WebSocket;

export class Link {
	#machine: Machine = IDLE;
	readonly #ends: Ends;
	readonly #open: Sockets;
	readonly #inputs: Input[] = [];
	#stepping = false;
	#socket: WebSocket | null = null;
	#poll: AbortController | null = null;
	readonly #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
	readonly #waiting = new Map<number, Waiting>();
	/** Given to the machine, and not numbered yet. */
	readonly #asked = new Map<number, Waiting>();
	readonly #parked = new Set<() => void>();
	#keys = 0;
	#reach: Reach = { at: "connecting" };

	constructor(ends: Ends, open: Sockets = openSocket) {
		this.#ends = ends;
		this.#open = open;
	}

	start(cursor: string | null, idle: boolean): void {
		this.input({ type: "start", cursor, network: navigator.onLine !== false, idle });
	}

	stop(): void {
		this.input({ type: "stop" });
		for (const go of [...this.#parked]) go();
	}

	get online(): boolean {
		return this.#reach.at === "online";
	}

	input(input: Input): void {
		this.#inputs.push(input);
		if (this.#stepping) return;
		this.#stepping = true;
		try {
			for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
				const world = { now: Date.now(), random: Math.random() };
				const { machine, effects } = step(this.#machine, next, world);
				this.#machine = machine;
				for (const effect of effects) this.#carryOut(effect);
			}
		} finally {
			this.#stepping = false;
		}
		this.#tellReach();
	}

	/**
	 * Carries a command out, over the socket or over HTTP; while the connection comes back, it waits
	 * a little. Rejects with `Refused`; with `unreachable` it may have been done.
	 */
	async command<T>(command: Command, patience = PATIENCE_MS): Promise<T> {
		if (!speaks(this.#machine) && !this.#machine.polling?.proven) await this.#park(patience);
		if (speaks(this.#machine)) return this.#renewed(() => this.#overSocket<T>(command));
		if (!this.#machine.polling?.proven) throw unreachable();
		const call = overHttp(command);
		return call ? this.#ends.call<T>(call) : (undefined as T);
	}

	/** Where the token ran out while the device slept, a new one is given to the socket first. */
	async #renewed<T>(ask: () => Promise<T>): Promise<T> {
		const { token } = this.#machine;
		try {
			return await ask();
		} catch (cause) {
			if (refusal(cause).error.code !== "unauthenticated" || token === null) throw cause;
			this.input({ type: "token", token: await this.#ends.token(token) });
			return ask();
		}
	}

	#overSocket<T>(command: Command): Promise<T> {
		return new Promise<T>((done, failed) => {
			this.#keys += 1;
			const key = this.#keys;
			const timer = setTimeout(() => this.#give(waiting, unreachable()), ANSWER_WITHIN_MS);
			const waiting: Waiting = { done: done as (data: unknown) => void, failed, timer };
			this.#asked.set(key, waiting);
			this.input({ type: "command", key, command });
		});
	}

	#park(ms: number): Promise<void> {
		if (!this.#machine.running || !this.#machine.network || ms <= 0) return Promise.resolve();
		return new Promise((done) => {
			const go = () => {
				clearTimeout(timer);
				this.#parked.delete(go);
				done();
			};
			const timer = setTimeout(go, ms);
			this.#parked.add(go);
		});
	}

	#carryOut(effect: Effect): void {
		switch (effect.do) {
			case "connect":
				return this.#connect(effect.socket);
			case "close":
				return this.#closeSocket();
			case "send":
				// One that is closing says so next.
				if (this.#socket?.readyState === WebSocket.OPEN) {
					this.#socket.send(JSON.stringify(effect.frame));
				}
				return;
			case "poll":
				void this.#polls(effect);
				return;
			case "abort_poll":
				this.#poll?.abort();
				this.#poll = null;
				return;
			case "set_timer":
				return this.#setTimer(effect.name, effect.ms);
			case "clear_timer":
				clearTimeout(this.#timers.get(effect.name));
				this.#timers.delete(effect.name);
				return;
			case "want_token":
				this.#ends.token(effect.refused).then(
					(token) => this.input({ type: "token", token }),
					(cause) => this.input({ type: "token_failed", error: refusal(cause).error }),
				);
				return;
			case "event":
				return this.#ends.event(effect.event);
			case "lost":
				return this.#ends.lost();
			case "cursor":
				return this.#ends.cursor(effect.cursor);
			case "caught_up":
				for (const go of [...this.#parked]) go();
				return this.#ends.caughtUp(effect.by);
			case "numbered": {
				const waiting = this.#asked.get(effect.key);
				this.#asked.delete(effect.key);
				if (waiting) this.#waiting.set(effect.id, waiting);
				return;
			}
			case "decline":
				this.#give(this.#asked.get(effect.key), unreachable());
				this.#asked.delete(effect.key);
				return;
			case "answer":
				this.#give(this.#waiting.get(effect.id), effect.data);
				this.#waiting.delete(effect.id);
				return;
			case "refuse":
				this.#give(this.#waiting.get(effect.id), new Refused(effect.error));
				this.#waiting.delete(effect.id);
				return;
			case "drop":
				for (const waiting of this.#waiting.values()) this.#give(waiting, unreachable());
				this.#waiting.clear();
		}
	}

	#give(waiting: Waiting | undefined, result: unknown): void {
		if (!waiting) return;
		clearTimeout(waiting.timer);
		if (result instanceof Refused) waiting.failed(result);
		else waiting.done(result);
	}

	#connect(n: number): void {
		let socket: WebSocket;
		try {
			socket = this.#open(PROTOCOL);
		} catch {
			this.input({ type: "closed", socket: n, code: 1006 });
			return;
		}
		this.#socket = socket;
		socket.onopen = () => this.input({ type: "opened", socket: n });
		socket.onmessage = ({ data }) => {
			const frame = frameOf(data);
			if (frame) this.input({ type: "frame", socket: n, frame });
		};
		socket.onclose = ({ code }) => {
			if (this.#socket === socket) this.#socket = null;
			this.input({ type: "closed", socket: n, code });
		};
	}

	#closeSocket(): void {
		const socket = this.#socket;
		this.#socket = null;
		if (!socket) return;
		socket.onopen = null;
		socket.onmessage = null;
		socket.onclose = null;
		socket.close(1000);
	}

	async #polls({ poll, cursor, waitS }: Extract<Effect, { do: "poll" }>): Promise<void> {
		const controller = new AbortController();
		this.#poll = controller;
		const watch = this.#ends.watched();
		const query = {
			wait: waitS,
			idle: this.#machine.idle,
			...(cursor !== null && { cursor }),
			...(watch.length > 0 && { watch: watch.join(",") }),
		};
		try {
			const answer = await this.#ends.poll(query, controller.signal);
			if (!controller.signal.aborted) this.input({ type: "polled", poll, answer });
		} catch (cause) {
			if (controller.signal.aborted) return;
			this.input({ type: "poll_failed", poll, error: refusal(cause).error });
		}
	}

	#setTimer(name: Timer, ms: number): void {
		clearTimeout(this.#timers.get(name));
		const fire = () => {
			this.#timers.delete(name);
			this.input({ type: "timer", name });
		};
		this.#timers.set(name, setTimeout(fire, ms));
	}

	#tellReach(): void {
		const reach = reachOf(this.#machine);
		if (JSON.stringify(reach) === JSON.stringify(this.#reach)) return;
		this.#reach = reach;
		this.#ends.reach(reach);
	}
}

export function reachOf(machine: Machine): Reach {
	const { socket, polling, stopped, network, waitUntil } = machine;
	if (stopped) return { at: "stopped", error: stopped };
	if (polling?.proven) return { at: "online", by: "polls" };
	if (socket?.at === "online") return { at: "online", by: "socket" };
	if (socket?.at === "catching_up") return { at: "catching_up" };
	if (!network) return { at: "offline" };
	return waitUntil === null ? { at: "connecting" } : { at: "connecting", retryAt: waitUntil };
}

function frameOf(data: unknown): ServerFrame | null {
	if (typeof data !== "string") return null;
	try {
		const frame: unknown = JSON.parse(data);
		const known = typeof frame === "object" && frame !== null && "type" in frame;
		return known ? (frame as ServerFrame) : null;
	} catch {
		return null;
	}
}

function openSocket(protocol: string): WebSocket {
	const address = new URL("/api/v1/socket", location.href);
	address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
	return new WebSocket(address, protocol);
}
