/** A room as the server has it, for tests: it changes, tells of it, and answers what is asked. */

import type {
	Conversation,
	Event,
	History,
	HistoryMessage,
	Member,
	Room,
	User,
} from "../../src/protocol";

export const ME = "me";
export const OTHERS = ["ann", "bob"] as const;

export function userOf(id: string): User {
	return { id, username: id, display_name: id, role: "user", created_at: 0 };
}

export class ServerRoom {
	readonly id: string;
	room: Room;
	readonly messages = new Map<string, HistoryMessage>();
	readonly members = new Map<string, Member>();
	readonly #mine = new Map<string, string[]>();
	#version = 0;

	constructor(id = "room") {
		this.id = id;
		this.room = {
			id,
			kind: "public",
			name: "lobby",
			description: "",
			created_by: ME,
			created_at: 0,
			version: this.#next(),
		};
		for (const user of [ME, ...OTHERS]) {
			this.members.set(user, {
				room_id: id,
				user_id: user,
				state: "joined",
				role: "member",
				joined_at: 0,
				delivered: null,
				read: null,
				version: this.#next(),
			});
		}
	}

	get ids(): string[] {
		return [...this.messages.keys()].sort();
	}

	post(author: string, nonce?: string): Event {
		const id = this.#next();
		return this.#told({
			id,
			author_id: author,
			kind: "text",
			text: `text ${id}`,
			...(nonce && { nonce }),
			sent_at: 0,
			version: id,
		});
	}

	edit(at: number): Event | null {
		const message = this.#at(at);
		if (!message || message.deleted) return null;
		const version = this.#next();
		return this.#told({ ...message, text: `edited ${version}`, edited_at: 1, version });
	}

	remove(at: number): Event | null {
		const message = this.#at(at);
		if (!message || message.deleted) return null;
		const version = this.#next();
		const { reactions: _, my_reactions: __, ...rest } = message;
		const gone = { ...rest, text: "", deleted: true, version, reactions_version: version };
		this.#mine.delete(message.id);
		return this.#told(gone);
	}

	react(at: number, user: string, on: boolean): Event | null {
		const message = this.#at(at);
		if (!message || message.deleted) return null;
		const version = this.#next();
		const users = message.reactions?.[0]?.users.filter((it) => it !== user) ?? [];
		if (on) users.push(user);
		const reactions = users.length > 0 ? [{ emoji: "👍", count: users.length, users }] : [];
		const { my_reactions: _, ...rest } = message;
		const mine = users.includes(ME) ? { my_reactions: ["👍"] } : {};
		this.messages.set(message.id, {
			...rest,
			...mine,
			reactions,
			reactions_version: version,
		});
		return {
			type: "reaction",
			room_id: this.id,
			version,
			message_id: message.id,
			user_id: user,
			emojis: on ? ["👍"] : [],
			reactions,
		};
	}

	read(user: string, at: number): Event | null {
		const message = this.#at(at);
		const member = this.members.get(user);
		if (!message || !member || (member.read ?? "") >= message.id) return null;
		const next = { ...member, read: message.id, delivered: message.id, version: this.#next() };
		this.members.set(user, next);
		return { type: "member", member: next };
	}

	rename(name: string): Event {
		this.room = { ...this.room, name, version: this.#next() };
		return { type: "room", room: this.room };
	}

	history(
		part: { newest: true } | { before: string } | { after: string } | { around: string },
		limit: number,
	): History {
		const { ids } = this;
		let from = Math.max(0, ids.length - limit);
		let to = ids.length;
		if ("before" in part) {
			to = ids.findIndex((id) => id >= part.before);
			from = Math.max(0, to - limit);
		} else if ("after" in part) {
			from = ids.findIndex((id) => id > part.after);
			if (from < 0) from = ids.length;
			to = Math.min(ids.length, from + limit);
		} else if ("around" in part) {
			const at = ids.indexOf(part.around);
			from = Math.max(0, at - (limit >> 1));
			to = Math.min(ids.length, at + (limit >> 1) + 1);
		}
		const messages = ids.slice(from, to).flatMap((id) => {
			const message = this.messages.get(id);
			return message ? [message] : [];
		});
		return { messages, more_before: from > 0, more_after: to < ids.length };
	}

	conversation(): Conversation {
		const last = this.ids.at(-1);
		const message = last && this.messages.get(last);
		const member = this.members.get(ME);
		if (!member) throw new Error("one is in it");
		const { my_reactions: _, ...whole } = message || { my_reactions: [] };
		const last_message = message ? { last_message: whole as HistoryMessage } : {};
		return { room: this.room, member, unread: this.unread(), ...last_message };
	}

	unread(): number {
		const read = this.members.get(ME)?.read ?? "";
		return [...this.messages.values()].filter(
			(it) => it.id > read && it.author_id !== ME && it.kind === "text" && !it.deleted,
		).length;
	}

	#told(message: HistoryMessage): Event {
		this.messages.set(message.id, message);
		const { my_reactions: _, ...told } = message;
		return { type: "message", room_id: this.id, message: told };
	}

	#at(at: number): HistoryMessage | undefined {
		const { ids } = this;
		return ids.length === 0 ? undefined : this.messages.get(ids[at % ids.length] ?? "");
	}

	#next(): string {
		this.#version += 1;
		return `v${String(this.#version).padStart(6, "0")}`;
	}
}
