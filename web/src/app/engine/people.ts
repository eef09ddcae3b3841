/** Who is who, and who is there: asked for in portions. */

import type { Api } from "../../net/api";
import type { Link } from "../../net/link";
import type { Message, PresenceEntry, UserId } from "../../protocol";
import type { Host } from "./host";

const GATHER_MS = 50;
const AT_ONCE = 200;
const WATCH_GATHER_MS = 150;

/** Everybody whom a message names. */
export function peopleIn(message: Message): UserId[] {
	const { author_id, system, reactions } = message;
	const named = system && "user_id" in system ? [system.user_id] : [];
	return [author_id, ...named, ...(reactions ?? []).flatMap(({ users }) => users)];
}

/** Looks people up whom the state doesn't know. */
export class LookUp {
	readonly #host: Host;
	readonly #api: Api;
	readonly #wanted = new Set<UserId>();
	/** Asked for once; those that don't exist aren't asked for again. */
	readonly #asked = new Set<UserId>();
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(host: Host, api: Api) {
		this.#host = host;
		this.#api = api;
	}

	want(ids: Iterable<UserId>): void {
		const { users } = this.#host.state;
		for (const id of ids) {
			if (!users[id] && !this.#asked.has(id)) this.#wanted.add(id);
		}
		if (this.#wanted.size > 0) this.#timer ??= setTimeout(() => void this.ask(), GATHER_MS);
	}

	/** Now. */
	async ask(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		const ids = [...this.#wanted].slice(0, AT_ONCE);
		if (ids.length === 0) return;
		for (const id of ids) {
			this.#wanted.delete(id);
			this.#asked.add(id);
		}
		try {
			this.#host.dispatch({ type: "users", users: await this.#api.users(ids) });
		} catch {
			// Again when the connection is back.
			for (const id of ids) {
				this.#asked.delete(id);
				this.#wanted.add(id);
			}
			return;
		}
		if (this.#wanted.size > 0) this.want([]);
	}

	stop(): void {
		clearTimeout(this.#timer);
	}
}

/** Keeps the presence of those who are shown up to date. */
export class Watch {
	readonly #host: Host;
	readonly #link: Link;
	readonly #counts = new Map<UserId, number>();
	#said = "";
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(host: Host, link: Link) {
		this.#host = host;
		this.#link = link;
	}

	get ids(): UserId[] {
		return [...this.#counts.keys()].slice(-AT_ONCE);
	}

	add(ids: readonly UserId[]): () => void {
		for (const id of ids) {
			const count = this.#counts.get(id) ?? 0;
			// Whoever was added last is shown most likely.
			this.#counts.delete(id);
			this.#counts.set(id, count + 1);
		}
		this.#soon();
		let over = false;
		return () => {
			if (over) return;
			over = true;
			for (const id of ids) {
				const left = (this.#counts.get(id) ?? 1) - 1;
				if (left === 0) this.#counts.delete(id);
				else this.#counts.set(id, left);
			}
			this.#soon();
		};
	}

	/** The connection is a new one, and knows of nobody. */
	sayAgain(): void {
		this.#said = "";
		this.#soon();
	}

	stop(): void {
		clearTimeout(this.#timer);
	}

	#soon(): void {
		this.#timer ??= setTimeout(() => void this.#say(), WATCH_GATHER_MS);
	}

	async #say(): Promise<void> {
		this.#timer = undefined;
		const ids = this.ids;
		const list = [...ids].sort().join();
		if (list === this.#said || !this.#link.online) return;
		this.#said = list;
		try {
			const command = { type: "watch", user_ids: ids } as const;
			const entries = await this.#link.command<PresenceEntry[] | undefined>(command, 0);
			if (entries) this.#host.dispatch({ type: "presence", entries });
		} catch {
			this.#said = "";
		}
	}
}
