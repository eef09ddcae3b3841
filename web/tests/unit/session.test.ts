import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Api } from "../../src/net/api";
import { type News, Session } from "../../src/net/session";
import { freshBrowser, until } from "./browser";
import { type Answer, FakeServer, ok, problem, type Request } from "./fakeServer";
import { userOf } from "./model";

/** The accounts of a server, and the cookie of one browser. */
class Accounts {
	readonly server = new FakeServer();
	cookie: string | null = null;
	keepsCookies = true;
	knowsCookies = true;
	reachable = true;
	valid = new Set<string>();
	#count = 0;

	constructor() {
		this.server.answer = (request) => this.#answer(request);
	}

	end(): void {
		this.valid.clear();
	}

	#answer({ path, body }: Request): Answer {
		if (!this.reachable) return "no network";
		switch (path.split("/").at(-1)) {
			case "login":
			case "register":
				if (body.password === "wrong") return problem(401, "wrong_credentials", "fix");
				return this.#tokens(String(body.login ?? body.username), body.cookie === true);
			case "refresh": {
				const byCookie = body.cookie === true && this.knowsCookies;
				const refresh = byCookie ? this.cookie : body.refresh_token;
				if (body.cookie === true && !this.knowsCookies) return problem(400, "malformed", "fix");
				if (typeof refresh !== "string") return problem(401, "unauthenticated", "log_in");
				if (!this.valid.has(refresh)) return problem(401, "session_ended", "log_in");
				this.valid.delete(refresh);
				return this.#tokens(refresh.split(" ")[0] ?? "", byCookie);
			}
			case "logout":
				this.cookie = null;
				return ok();
		}
		return problem(404, "not_found", "give_up");
	}

	#tokens(name: string, asCookie: boolean): Answer {
		this.#count += 1;
		const refresh = `${name} ${this.#count}`;
		this.valid.add(refresh);
		const inCookie = asCookie && this.knowsCookies;
		if (inCookie && this.keepsCookies) this.cookie = refresh;
		return ok({
			access_token: `access ${this.#count}`,
			expires_in_s: 600,
			...(!inCookie && { refresh_token: refresh }),
			session: {},
			user: userOf(name),
		});
	}
}

class Tab {
	readonly news: News[] = [];
	readonly session: Session;

	constructor(accounts: Accounts) {
		this.session = new Session(accounts.server.http, (it) => this.news.push(it));
		tabs.push(this);
	}

	last(type: News["type"]): News | undefined {
		return this.news.findLast((it) => it.type === type);
	}
}

let tabs: Tab[] = [];
/** A token other than the one that is held. */
const another = async (session: Session) => session.token(await session.token());

beforeEach(() => freshBrowser());
afterEach(() => {
	for (const tab of tabs) tab.session.close();
	tabs = [];
	vi.useRealTimers();
});

const ada = { login: "ada", password: "correct horse" };

describe("a session", () => {
	test("goes on after a reload, by its cookie", async () => {
		const accounts = new Accounts();
		const tab = new Tab(accounts);
		await tab.session.logIn(ada);
		expect(tab.last("in")).toMatchObject({ user: { id: "ada" }, token: "access 1" });
		expect(JSON.stringify({ ...localStorage })).not.toContain("access");
		tab.session.close();

		const reloaded = new Tab(accounts);
		expect(reloaded.session.remembered).toBe("ada");
		await reloaded.session.restore();
		expect(reloaded.last("in")).toMatchObject({ user: { id: "ada" } });
	});

	test("that nobody began is none", async () => {
		const tab = new Tab(new Accounts());
		expect(tab.session.remembered).toBeNull();
		await tab.session.restore();
		expect(tab.news).toEqual([{ type: "out", why: "logged_out" }]);
	});

	test("that has ended says so", async () => {
		const accounts = new Accounts();
		const tab = new Tab(accounts);
		await tab.session.logIn(ada);
		await until(() => tab.news.length === 2);
		accounts.end();
		await expect(another(tab.session)).rejects.toMatchObject({
			error: { code: "session_ended" },
		});
		expect(tab.last("out")).toEqual({ type: "out", why: "ended" });
		expect(tab.session.remembered).toBeNull();
	});

	test("is not ended by a server that can't be reached", async () => {
		const accounts = new Accounts();
		const tab = new Tab(accounts);
		await tab.session.logIn(ada);
		await until(() => tab.news.length === 2);
		accounts.reachable = false;
		await expect(another(tab.session)).rejects.toMatchObject({ error: { code: "unreachable" } });
		expect(tab.last("out")).toBeUndefined();
		const reloaded = new Tab(accounts);
		await expect(reloaded.session.restore()).rejects.toMatchObject({
			error: { code: "unreachable" },
		});
		expect(reloaded.session.remembered).toBe("ada");
	});

	test("refreshes once for all who ask, in all tabs", async () => {
		const accounts = new Accounts();
		const [one, two] = [new Tab(accounts), new Tab(accounts)];
		await one.session.logIn(ada);
		await until(() => accounts.server.count("/refresh") === 1 && two.news.length === 2);
		const tokens = await Promise.all([
			another(one.session),
			another(one.session),
			another(one.session),
		]);
		expect(new Set(tokens).size).toBe(1);
		expect(accounts.server.count("/refresh")).toBe(2);
		await until(() => two.news.length === 3);
		expect(await two.session.token()).toBe(tokens[0]);
		expect(accounts.server.count("/refresh")).toBe(2);
	});

	test("refreshes at two thirds of a token's life", async () => {
		vi.useFakeTimers();
		const accounts = new Accounts();
		const tab = new Tab(accounts);
		await tab.session.logIn(ada);
		await vi.advanceTimersByTimeAsync(10);
		expect(accounts.server.count("/refresh")).toBe(1);
		await vi.advanceTimersByTimeAsync(350_000);
		expect(accounts.server.count("/refresh")).toBe(1);
		await vi.advanceTimersByTimeAsync(55_000);
		expect(accounts.server.count("/refresh")).toBe(2);
	});

	test("is begun and ended in all tabs", async () => {
		const accounts = new Accounts();
		const [one, two] = [new Tab(accounts), new Tab(accounts)];
		await one.session.logIn(ada);
		await until(() => two.last("in") !== undefined);
		await two.session.logOut();
		await until(() => one.last("out") !== undefined);
		expect(one.last("out")).toEqual({ type: "out", why: "logged_out" });
		expect(accounts.cookie).toBeNull();
	});

	test("that was left without a network is ended when there is one", async () => {
		const accounts = new Accounts();
		const tab = new Tab(accounts);
		await tab.session.logIn(ada);
		await until(() => tab.news.length === 2);
		accounts.reachable = false;
		await tab.session.logOut();
		expect(tab.last("out")).toEqual({ type: "out", why: "logged_out" });
		expect(accounts.cookie).not.toBeNull();

		accounts.reachable = true;
		const reloaded = new Tab(accounts);
		expect(reloaded.session.remembered).toBeNull();
		await reloaded.session.restore();
		expect(accounts.cookie).toBeNull();
		expect(reloaded.session.user).toBeNull();
	});
});

describe("where the browser keeps no cookies", () => {
	test("one is logged in for the page's life, and told", async () => {
		const accounts = new Accounts();
		accounts.keepsCookies = false;
		const tab = new Tab(accounts);
		await tab.session.logIn(ada);
		await until(() => tab.last("cookies_refused") !== undefined);
		const before = await tab.session.token();
		expect(await another(tab.session)).not.toBe(before);
		expect(tab.last("out")).toBeUndefined();

		const reloaded = new Tab(accounts);
		await reloaded.session.restore();
		expect(reloaded.news).toEqual([{ type: "out", why: "cookies_refused" }]);
	});

	test("a wrong password is only that", async () => {
		const tab = new Tab(new Accounts());
		const asked = tab.session.logIn({ login: "ada", password: "wrong" });
		await expect(asked).rejects.toMatchObject({ error: { code: "wrong_credentials" } });
		expect(tab.news).toEqual([]);
	});
});

test("a server that knows no cookies is logged in to for the page's life", async () => {
	const accounts = new Accounts();
	accounts.knowsCookies = false;
	const tab = new Tab(accounts);
	await tab.session.restore();
	expect(tab.news).toEqual([{ type: "out", why: "logged_out" }]);
	await tab.session.logIn(ada);
	const before = await tab.session.token();
	expect(await another(tab.session)).not.toBe(before);
});

test("what one person asked for is not asked in the name of another", async () => {
	const accounts = new Accounts();
	const tab = new Tab(accounts);
	await tab.session.logIn(ada);
	let who = "ada";
	const api = new Api(accounts.server.http, tab.session, () => who);
	const other = new Tab(accounts);
	const asked: string[] = [];
	const answer = accounts.server.answer;
	accounts.server.answer = async (request) => {
		if (!request.path.endsWith("/direct")) return answer(request);
		asked.push(request.token ?? "");
		if (asked.length === 1) {
			await other.session.logIn({ ...ada, login: "eve" });
			await until(() => tab.session.user?.id === "eve");
		}
		return problem(401, "unauthenticated", "log_in");
	};
	await expect(api.openDirect("somebody")).rejects.toMatchObject({
		error: { code: "unauthenticated" },
	});
	expect(tab.session.user?.id).toBe("eve");
	expect(asked).toHaveLength(1);
	who = "eve";
	await expect(api.openDirect("somebody")).rejects.toThrow();
	expect(asked).toHaveLength(3);
});

test("a token that was refused is replaced once, however many were refused with it", async () => {
	const accounts = new Accounts();
	const tab = new Tab(accounts);
	await tab.session.logIn(ada);
	await until(() => tab.news.length === 2);
	const old = await tab.session.token();
	const fresh = await tab.session.token(old);
	expect(await tab.session.token(old)).toBe(fresh);
	expect(accounts.server.count("/refresh")).toBe(2);
});

test("logging out ends nobody else's session", async () => {
	const accounts = new Accounts();
	const tab = new Tab(accounts);
	await tab.session.logIn(ada);
	await until(() => accounts.server.count("/refresh") === 1);
	// The cookie became somebody else's, and this tab was not told.
	vi.spyOn(tab.session, "token").mockImplementation(async () => {
		const other = new Tab(accounts);
		await other.session.logIn({ ...ada, login: "eve" });
		await until(() => tab.session.user?.id === "eve");
		return "eve's";
	});
	await tab.session.logOut();
	expect(accounts.server.count("/logout")).toBe(0);
	expect(tab.session.user?.id).toBe("eve");
});
