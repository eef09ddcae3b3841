/** A person on the server, over HTTP: what was there before a test begins. */

import { randomBytes } from "node:crypto";

export const PASSWORD = "correct horse battery";

export interface Said {
	message_id: string;
}

interface Tokens {
	access_token: string;
	user: { id: string; username: string; display_name: string };
}

let made = 0;

export class Account {
	private constructor(
		readonly url: string,
		readonly id: string,
		readonly username: string,
		readonly name: string,
		readonly token: string,
	) {}

	/** Somebody new. Names are made unique, since a server is shared by many tests. */
	static async register(url: string, name: string, username = unique(name)): Promise<Account> {
		const body = {
			username,
			email: `${username}@example.org`,
			password: PASSWORD,
			display_name: name,
		};
		const { access_token, user } = await ask<Tokens>(url, "POST", "/auth/register", { body });
		return new Account(url, user.id, username, name, access_token);
	}

	/** The same person, with a new token. */
	static async logIn(url: string, { username }: Account): Promise<Account> {
		const body = { login: username, password: PASSWORD };
		const { access_token, user } = await ask<Tokens>(url, "POST", "/auth/login", { body });
		return new Account(url, user.id, username, user.display_name, access_token);
	}

	ask<T>(method: string, path: string, body?: object): Promise<T> {
		return ask<T>(this.url, method, path, { token: this.token, ...(body && { body }) });
	}

	async createRoom(name: string, kind: "public" | "private" = "public", description = "") {
		const made = await this.ask<{ room: { id: string } }>("POST", "/rooms", {
			kind,
			name,
			description,
		});
		return made.room.id;
	}

	async join(room: string): Promise<void> {
		await this.ask("POST", `/rooms/${room}/join`, {});
	}

	async add(room: string, who: Account): Promise<void> {
		await this.ask("POST", `/rooms/${room}/members`, { user_id: who.id });
	}

	async direct(who: Account): Promise<string> {
		const made = await this.ask<{ room: { id: string } }>("POST", "/direct", { user_id: who.id });
		return made.room.id;
	}

	async say(room: string, text: string, replyTo?: string): Promise<string> {
		const nonce = randomBytes(16).toString("hex");
		const reply = replyTo === undefined ? {} : { reply_to: replyTo };
		const path = `/rooms/${room}/messages`;
		return (await this.ask<Said>("POST", path, { nonce, text, ...reply })).message_id;
	}

	/** Texts of what was written in a room, the oldest first. */
	async texts(room: string): Promise<string[]> {
		const page = await this.ask<{ messages: { kind: string; text: string }[] }>(
			"GET",
			`/rooms/${room}/messages?limit=200`,
		);
		return page.messages.filter((it) => it.kind === "text").map((it) => it.text);
	}
}

/** A name that nobody else has on this server. */
export function unique(name: string): string {
	made += 1;
	const letters = name.toLowerCase().replace(/[^a-z]/g, "") || "x";
	return `${letters}-${process.pid.toString(36)}-${made}`;
}

interface Asked {
	token?: string;
	body?: object;
}

async function ask<T>(url: string, method: string, path: string, asked: Asked): Promise<T> {
	const { token, body } = asked;
	const once = () =>
		fetch(`${url}/api/v1${path}`, {
			method,
			headers: {
				...(token && { authorization: `Bearer ${token}` }),
				...(body && { "content-type": "application/json" }),
			},
			...(body && { body: JSON.stringify(body) }),
		});
	// A connection that was kept open may have been closed by the server meanwhile.
	const response = await once().catch(once);
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
	return (text === "" ? undefined : JSON.parse(text)) as T;
}
