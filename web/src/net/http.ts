/** Requests to the server: JSON there and back, and one kind of error. */

import { problemOf, Refused, unreachable } from "./refused";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Asked {
	body?: unknown;
	query?: Record<string, string | number | boolean | undefined>;
	token?: string;
	timeoutMs?: number;
	signal?: AbortSignal;
	/** It goes on although the page is closed. */
	keepalive?: boolean;
}

/** After so long without an answer, none is expected any more. */
export const TIMEOUT_MS = 20_000;

/** What is read is asked for again by itself, when the server says after how long. */
const PATIENCE_MS = 30_000;
const READ_TRIES = 4;

export class Http {
	readonly #base: string;
	readonly #fetch: typeof fetch;

	constructor(base = "", fetcher: typeof fetch = (...asked) => fetch(...asked)) {
		this.#base = base;
		this.#fetch = fetcher;
	}

	/** Rejects with `Refused` alone. */
	async request<T>(method: Method, path: string, asked: Asked = {}): Promise<T> {
		for (let tries = 1; ; tries += 1) {
			try {
				return await this.#once<T>(method, path, asked);
			} catch (cause) {
				const wait = cause instanceof Refused ? pauseAfter(cause) : null;
				if (method !== "GET" || wait === null || tries >= READ_TRIES) throw cause;
				await new Promise((done) => setTimeout(done, wait));
			}
		}
	}

	async #once<T>(method: Method, path: string, asked: Asked): Promise<T> {
		const headers = new Headers({ accept: "application/json" });
		if (asked.token) headers.set("authorization", `Bearer ${asked.token}`);
		if (asked.body !== undefined) headers.set("content-type", "application/json");
		const timeout = AbortSignal.timeout(asked.timeoutMs ?? TIMEOUT_MS);
		const init: RequestInit = {
			method,
			headers,
			cache: "no-store",
			credentials: "same-origin",
			redirect: "error",
			signal: asked.signal ? AbortSignal.any([asked.signal, timeout]) : timeout,
			...(asked.keepalive && { keepalive: true }),
			...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
		};
		let status: number;
		let retryAfterS: number;
		let body: unknown;
		try {
			const answer = await this.#fetch(this.#base + path + queryOf(asked.query), init);
			status = answer.status;
			retryAfterS = Number(answer.headers.get("retry-after") ?? Number.NaN);
			const text = await answer.text();
			body = text === "" ? undefined : parsed(text);
		} catch {
			throw unreachable();
		}
		if (status >= 200 && status < 300) {
			// A page that asks for a log-in to a network answers with HTML.
			if (body === NOT_JSON) throw unreachable();
			return body as T;
		}
		throw problemOf(status, body, retryAfterS * 1_000);
	}
}

function pauseAfter(refused: Refused): number | null {
	const { code, retry_after_ms: wait } = refused.error;
	return code === "rate_limited" && wait != null && wait <= PATIENCE_MS ? wait : null;
}

const NOT_JSON = Symbol("not JSON");

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return NOT_JSON;
	}
}

function queryOf(query: Asked["query"]): string {
	const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
	if (pairs.length === 0) return "";
	return `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
