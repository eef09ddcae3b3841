/** An HTTP server for tests: routes, and a cookie that it gives and takes. */

import { Http } from "../../src/net/http";

export interface Request {
	method: string;
	path: string;
	query: URLSearchParams;
	body: Record<string, unknown>;
	token: string | null;
}

export type Answer = { status: number; body?: unknown } | "no network";

export class FakeServer {
	readonly requests: Request[] = [];
	answer: (request: Request) => Answer | Promise<Answer> = () =>
		problem(404, "not_found", "give_up");

	readonly http = new Http("http://server", async (input, init) => {
		const url = new URL(String(input));
		const token = new Headers(init?.headers).get("authorization")?.slice("Bearer ".length);
		const request: Request = {
			method: init?.method ?? "GET",
			path: url.pathname,
			query: url.searchParams,
			body: init?.body ? JSON.parse(String(init.body)) : {},
			token: token ?? null,
		};
		this.requests.push(request);
		const answer = await this.answer(request);
		init?.signal?.throwIfAborted();
		if (answer === "no network") throw new TypeError("Failed to fetch");
		const { status, body } = answer;
		const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
		return new Response(text, { status });
	});

	count(path: string): number {
		return this.requests.filter((it) => it.path.endsWith(path)).length;
	}
}

export function ok(body?: unknown, status = body === undefined ? 204 : 200): Answer {
	return body === undefined ? { status } : { status, body };
}

export function problem(status: number, code: string, advice: string, more = {}): Answer {
	return { status, body: { code, detail: `It is ${code}.`, advice, status, ...more } };
}
