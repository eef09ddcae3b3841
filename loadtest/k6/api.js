// The HTTP API, as far as these scenarios use it.

import { sleep } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { failed } from "./metrics.js";
import { api, drainS, lengthMs, server } from "./settings.js";

const PASSWORD = "correct horse battery";

/** No answer, or one that says that it may succeed later; so often a request is made then. */
const LATER = [0, 500, 502, 503, 504];
const ATTEMPTS = 10;

/** A name that no other run and no other VU has: `kind` and a number tell one VU's people apart. */
const run = Date.now().toString(36);
export function personName(kind, number) {
	return `k6-${run}-${exec.vu.idInTest}-${kind}${number}`;
}

export function parameters(name, token) {
	// A server closes connections that are idle for a while, perhaps just as a request goes out. With this
	// header k6 makes such a request again by itself; without it, it does so for GET alone.
	const headers = { "content-type": "application/json", "x-idempotency-key": "1" };
	if (token) {
		headers.authorization = `Bearer ${token}`;
	}
	return { headers, tags: { name }, timeout: "90s" };
}

/** What the answer says; `null` where it is no success, which is counted. */
export function answered(what, answer) {
	if (answer.status >= 200 && answer.status < 300) {
		return answer.body ? answer.json() : {};
	}
	let problem = {};
	try {
		problem = answer.json();
	} catch {
		// A proxy's own page, or no answer at all.
	}
	const code = problem.code || (answer.status ? `http_${answer.status}` : "no_answer");
	failed(code, `${what}: ${problem.detail || answer.error || answer.status}`);
	return null;
}

export function get(name, path, token) {
	return answered(name, http.get(api + path, parameters(name, token)));
}

export function post(name, path, token, body) {
	return answered(name, http.post(api + path, JSON.stringify(body), parameters(name, token)));
}

export function registration(name) {
	return { username: name, email: `${name}@example.org`, password: PASSWORD };
}

export function logIn(name) {
	return post("log in", "/auth/login", null, { login: name, password: PASSWORD });
}

/** Ends the run where no server is ready. */
export function expectServer() {
	for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
		const answer = http.get(`${server}/health/ready`, parameters("ready"));
		if (answer.status === 200) {
			return;
		}
		sleep(1);
	}
	exec.test.abort(`There is no server at ${server} that is ready.`);
}

/**
 * Requests that have to succeed before anything can be measured: those that may succeed later are made
 * again. The answers, in their order.
 */
function prepare(requests) {
	const answers = http.batch(requests);
	for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
		const again = requests.map((_, at) => at).filter((at) => LATER.includes(answers[at].status));
		if (again.length === 0) {
			break;
		}
		sleep(1);
		const repeated = http.batch(again.map((at) => requests[at]));
		again.forEach((at, place) => {
			answers[at] = repeated[place];
		});
	}
	return answers;
}

function request(path, token, body) {
	return ["POST", api + path, JSON.stringify(body), parameters("set up", token)];
}

/** Makes accounts, and a room that all of them are in; `null` where that was not possible. */
export function makeRoom(kind, size) {
	const names = Array.from({ length: size }, (_, number) => personName(kind, number));
	const registrations = names.map((name) => request("/auth/register", null, registration(name)));
	// A name is taken where an attempt came half or all the way and its answer was lost.
	const members = prepare(registrations).map((answer, at) => {
		const again = () => request("/auth/register", null, registration(`${names[at]}-again`));
		return answered("register", answer.status === 409 ? prepare([again()])[0] : answer);
	});
	if (members.includes(null)) {
		return null;
	}
	const tokens = members.map(({ access_token }) => access_token);
	const { expires_in_s } = members[0];
	if (expires_in_s * 1000 < lengthMs + drainS * 1000) {
		exec.test.abort(
			`Access tokens are good for ${expires_in_s} s, and the run takes ${lengthMs / 1000} s: ` +
				"let it be shorter, or the tokens live longer (--access-token-s).",
		);
	}
	const description = { kind: "public", name: `load ${kind}`, description: "" };
	const [made] = prepare([request("/rooms", tokens[0], description)]);
	const room = answered("make a room", made);
	if (room === null) {
		return null;
	}
	const { id } = room.room;
	const joins = prepare(tokens.map((token) => request(`/rooms/${id}/join`, token, {})));
	const joined = joins.map((answer) => answered("join", answer));
	return joined.includes(null) ? null : { id, members: tokens };
}

/** Sends a message before anything is measured; its id, or `null`. */
export function write(room, token, nonce, text) {
	let answer = null;
	for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
		sleep(Math.min(attempt, 1));
		const body = JSON.stringify({ nonce, text, retry: attempt > 0 });
		answer = http.post(`${api}/rooms/${room}/messages`, body, parameters("set up", token));
		if (!LATER.includes(answer.status)) {
			break;
		}
	}
	return answered("send", answer)?.message_id ?? null;
}
