/**
 * Who is logged in. The access token is held here, in memory, and nowhere else; the refresh token is
 * in a cookie that no script can read. All tabs share one session.
 */

import type { Tokens, User, UserId } from "../protocol";
import { backoffMs } from "./backoff";
import type { Http } from "./http";
import { refusal } from "./refused";
import { alone, type Channel, channel } from "./tabs";

export interface Credentials {
	login: string;
	password: string;
}

export interface NewAccount {
	username: string;
	email: string;
	password: string;
	displayName?: string;
}

export type Ended = "logged_out" | "ended" | "cookies_refused";

/** What the session tells whoever listens. */
export type News =
	| { type: "in"; user: User; token: string; fromOtherTab: boolean }
	| { type: "out"; why: Ended }
	/** The browser keeps no cookie: this log-in ends with the page. */
	| { type: "cookies_refused" };

interface Held {
	access: string;
	/** ms since 1970, by this device's clock. */
	until: number;
	lifeMs: number;
	user: User;
	/** Held here alone where the browser refuses the cookie, or the server gives none. */
	refresh?: string;
}

type Told = { type: "held"; held: Held } | { type: "out"; why: Ended };

/** Remembered between page loads: whose data is kept here. It opens nothing. */
interface Hint {
	user: UserId;
	/** The browser refused the cookie. */
	refused?: true;
	/** Logged out without the server: its session is to be ended when it can be reached. */
	leaving?: true;
}

const HINT = "starling.user";
const LOCK = "starling-refresh";
const CHANNEL = "starling-session";

/** A token with less time left is replaced before it is used. */
const MARGIN_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Session {
	readonly #http: Http;
	readonly #tell: (news: News) => void;
	readonly #channel: Channel<Told>;
	readonly #device: string;
	#held: Held | null = null;
	#refreshing: Promise<Held> | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;

	constructor(http: Http, tell: (news: News) => void, device = "") {
		this.#http = http;
		this.#tell = tell;
		this.#device = device.slice(0, 64);
		this.#channel = channel<Told>(CHANNEL, (told) => this.#heard(told));
	}

	/** Whose data may be shown before the server was asked. */
	get remembered(): UserId | null {
		const hint = readHint();
		return hint && !hint.leaving ? hint.user : null;
	}

	get user(): User | null {
		return this.#held?.user ?? null;
	}

	/**
	 * Goes on where the browser was logged in. Tells `in` or `out`, and resolves; rejected where the
	 * server can't be reached: then nothing is known.
	 */
	async restore(): Promise<void> {
		const hint = readHint();
		try {
			await this.#refresh();
		} catch (cause) {
			const { advice } = refusal(cause).error;
			if (advice === "retry" || advice === "resume") throw cause;
			// Of `log_in`, `#refresh` has told. Anything else is a server that knows no cookies.
			if (advice !== "log_in") this.#end("logged_out", false);
			return;
		}
		if (hint?.leaving) await this.logOut();
	}

	/** An access token that is good for a minute or more; another one than that which was `refused`. */
	async token(refused?: string): Promise<string> {
		const held = this.#held;
		if (
			held &&
			held.access !== refused &&
			held.until - Date.now() > Math.min(MARGIN_MS, held.lifeMs / 3)
		) {
			return held.access;
		}
		return (await this.#refresh()).access;
	}

	async logIn(credentials: Credentials): Promise<User> {
		const tokens = await this.#post("login", { ...credentials, cookie: true });
		this.#take(tokens);
		void this.#proveCookie(credentials);
		return tokens.user;
	}

	async register(asked: NewAccount): Promise<User> {
		const { username, email, password, displayName } = asked;
		const body = { username, email, password, display_name: displayName, cookie: true };
		const tokens = await this.#post("register", body);
		this.#take(tokens);
		void this.#proveCookie({ login: username, password });
		return tokens.user;
	}

	/** Ends the session on the server, now or when it can be reached. Here it ends at once. */
	async logOut(): Promise<void> {
		const held = this.#held;
		let left = false;
		try {
			const token = await this.token();
			// The cookie may be somebody else's by now. It stays theirs.
			if (held && this.#held?.user.id !== held.user.id) return;
			await this.#http.request("POST", "/api/v1/auth/logout", { token });
			left = true;
		} catch (cause) {
			left = refusal(cause).error.advice === "log_in";
		}
		if (!left && held) writeHint({ user: held.user.id, leaving: true });
		else writeHint(null);
		this.#end("logged_out", true);
	}

	/** The server said that the session has ended. */
	ended(): void {
		if (this.#held) this.#end(readHint()?.refused ? "cookies_refused" : "ended", true);
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#channel.close();
	}

	#post(what: string, body: Record<string, unknown>): Promise<Tokens> {
		const device = this.#device === "" ? {} : { device: this.#device };
		return this.#http.request<Tokens>("POST", `/api/v1/auth/${what}`, {
			body: what === "refresh" ? body : { ...device, ...body },
		});
	}

	/** One at a time, in all tabs. */
	#refresh(): Promise<Held> {
		this.#refreshing ??= this.#refreshAlone().finally(() => {
			this.#refreshing = null;
		});
		return this.#refreshing;
	}

	async #refreshAlone(): Promise<Held> {
		const before = this.#held;
		try {
			return await alone(LOCK, async () => {
				// While this tab waited, another one may have done it.
				if (this.#held && this.#held !== before) return this.#held;
				const body = before?.refresh ? { refresh_token: before.refresh } : { cookie: true };
				const tokens = await this.#post("refresh", body);
				return this.#take(tokens);
			});
		} catch (cause) {
			const refused = refusal(cause);
			if (refused.error.advice === "log_in" && this.#held === before) {
				const hint = readHint();
				const why: Ended =
					!hint || hint.leaving ? "logged_out" : hint.refused ? "cookies_refused" : "ended";
				writeHint(null);
				this.#end(why, before !== null);
			}
			throw refused;
		}
	}

	/** Whether the browser kept the cookie. Where not, logs in once more, without one. */
	async #proveCookie(credentials: Credentials): Promise<void> {
		const before = this.#held;
		if (!before || before.refresh) return;
		try {
			await alone(LOCK, async () => {
				if (this.#held !== before) return;
				const tokens = await this.#post("refresh", { cookie: true });
				if (this.#held === before) this.#take(tokens);
			});
		} catch (cause) {
			if (refusal(cause).error.code !== "unauthenticated" || this.#held !== before) return;
			try {
				const tokens = await this.#post("login", { ...credentials, cookie: false });
				void this.#http
					.request("POST", "/api/v1/auth/logout", { token: before.access })
					.catch(() => {});
				this.#take(tokens);
				writeHint({ user: tokens.user.id, refused: true });
				this.#tell({ type: "cookies_refused" });
			} catch {
				// The token that there is goes on to be good, until it runs out.
			}
		}
	}

	#take(tokens: Tokens): Held {
		const lifeMs = tokens.expires_in_s * 1_000;
		const refresh = (tokens as { refresh_token?: string | null }).refresh_token;
		const held: Held = {
			access: tokens.access_token,
			until: Date.now() + lifeMs,
			lifeMs,
			user: tokens.user,
			...(refresh && { refresh }),
		};
		if (!refresh) writeHint({ user: tokens.user.id });
		this.#hold(held, false);
		this.#channel.say({ type: "held", held });
		return held;
	}

	#hold(held: Held, fromOtherTab: boolean): void {
		this.#held = held;
		this.#failures = 0;
		this.#schedule(((held.until - Date.now()) * 2) / 3);
		this.#tell({ type: "in", user: held.user, token: held.access, fromOtherTab });
	}

	#schedule(ms: number): void {
		clearTimeout(this.#timer);
		// Hidden tabs wake up late; the one that is first does it for all.
		const wait = Math.min(Math.max(ms, 1_000) * (0.9 + Math.random() * 0.1), LONGEST_TIMER_MS);
		this.#timer = setTimeout(() => this.#refreshInTime(), wait);
	}

	#refreshInTime(): void {
		this.#refresh().catch(() => {
			if (!this.#held) return;
			this.#failures += 1;
			this.#schedule(5_000 + backoffMs(this.#failures, Math.random()));
		});
	}

	#heard(told: Told): void {
		if (told.type === "held") this.#hold(told.held, true);
		else if (this.#held) this.#end(told.why, false);
	}

	#end(why: Ended, tellOthers: boolean): void {
		clearTimeout(this.#timer);
		this.#held = null;
		if (tellOthers) this.#channel.say({ type: "out", why });
		this.#tell({ type: "out", why });
	}
}

function readHint(): Hint | null {
	try {
		const hint: unknown = JSON.parse(localStorage.getItem(HINT) ?? "null");
		return typeof hint === "object" && hint !== null && "user" in hint ? (hint as Hint) : null;
	} catch {
		return null;
	}
}

function writeHint(hint: Hint | null): void {
	try {
		if (hint) localStorage.setItem(HINT, JSON.stringify(hint));
		else localStorage.removeItem(HINT);
	} catch {
		// Without it the page opens a moment later.
	}
}
