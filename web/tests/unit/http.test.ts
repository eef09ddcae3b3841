import { describe, expect, test } from "vitest";
import { Http } from "../../src/net/http";
import { type Answer, FakeServer, ok, problem } from "./fakeServer";

async function refusedBy(answer: Answer, method: "GET" | "POST" = "POST") {
	const server = new FakeServer();
	server.answer = () => answer;
	const asked = server.http.request(method, "/x");
	return asked.then(
		() => null,
		(cause) => cause.error,
	);
}

describe("an answer", () => {
	test("is parsed, or empty", async () => {
		const server = new FakeServer();
		server.answer = ({ body }) => (body.nothing ? ok() : ok({ a: 1 }));
		expect(await server.http.request("POST", "/x", { body: {} })).toEqual({ a: 1 });
		expect(await server.http.request("POST", "/x", { body: { nothing: 1 } })).toBeUndefined();
	});

	test("that the server refused brings its error along", async () => {
		const fields = [{ field: "name", detail: "Too long." }];
		expect(await refusedBy(problem(422, "invalid", "fix", { fields }))).toEqual({
			code: "invalid",
			detail: "It is invalid.",
			advice: "fix",
			fields,
		});
	});

	test.each([
		["no network" as const, "unreachable", "retry"],
		[{ status: 502, body: "<html>Bad gateway</html>" }, "unreachable", "retry"],
		[{ status: 200, body: "<html>Log in to this network</html>" }, "unreachable", "retry"],
		[{ status: 413, body: "" }, "payload_too_large", "fix"],
		[problem(500, "brand_new", "reconsider"), "brand_new", "retry"],
		[problem(400, "brand_new", "reconsider"), "brand_new", "give_up"],
	])("%j is %s: %s", async (answer, code, advice) => {
		expect(await refusedBy(answer)).toMatchObject({ code, advice });
	});

	test("is waited for where the server says for how long, when something is read", async () => {
		const server = new FakeServer();
		const limited = problem(429, "rate_limited", "retry", { retry_after_ms: 20 });
		server.answer = () => (server.requests.length < 3 ? limited : ok({ a: 1 }));
		const began = Date.now();
		expect(await server.http.request("GET", "/x")).toEqual({ a: 1 });
		expect(Date.now() - began).toBeGreaterThanOrEqual(35);
		expect(await refusedBy(limited, "POST")).toMatchObject({ retry_after_ms: 20 });
	});

	test("of a proxy says when to come again", async () => {
		const later = { status: 429, headers: { "retry-after": "7" } };
		const http = new Http("http://server", async () => new Response("", later));
		const asked = http.request("POST", "/x");
		await expect(asked).rejects.toMatchObject({
			error: { code: "rate_limited", retry_after_ms: 7_000 },
		});
	});

	test("that does not come in time is none", async () => {
		const server = new FakeServer();
		server.answer = () => new Promise((done) => setTimeout(() => done(ok({})), 50));
		const asked = server.http.request("GET", "/x", { timeoutMs: 10 });
		await expect(asked).rejects.toMatchObject({ error: { code: "unreachable" } });
	});
});
