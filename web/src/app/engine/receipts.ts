/** Says how far one has read, and what has reached this device; not for each message in a burst. */

import type { Link } from "../../net/link";
import type { Member, MessageId, RoomId } from "../../protocol";
import type { Host } from "./host";

const READ_MS = 400;
const DELIVERED_MS = 1_500;
/** Over HTTP each costs a request. */
const DELIVERED_BY_POLLS_MS = 20_000;
const AT_ONCE = 40;

export class Receipts {
	readonly #host: Host;
	readonly #link: Link;
	readonly #read = new Map<RoomId, MessageId>();
	readonly #arrived = new Set<RoomId>();
	#readTimer: ReturnType<typeof setTimeout> | undefined;
	#arrivedTimer: ReturnType<typeof setTimeout> | undefined;

	constructor(host: Host, link: Link) {
		this.#host = host;
		this.#link = link;
	}

	read(room: RoomId, message: MessageId): void {
		const { rooms } = this.#host.state;
		if ((rooms[room]?.me?.read ?? "") >= message) return;
		this.#host.dispatch({ type: "read", room, message });
		this.owe(room, message);
	}

	/** The server doesn't know yet that one has read so far. */
	owe(room: RoomId, message: MessageId): void {
		if ((this.#read.get(room) ?? "") < message) this.#read.set(room, message);
		this.#readTimer ??= setTimeout(() => void this.#sayRead(), READ_MS);
	}

	arrived(room: RoomId): void {
		this.#arrived.add(room);
		const { connection } = this.#host.state;
		const byPolls = connection.at === "online" && connection.by === "polls";
		const ms = byPolls ? DELIVERED_BY_POLLS_MS : DELIVERED_MS;
		this.#arrivedTimer ??= setTimeout(() => this.#sayArrived(), ms);
	}

	/** There is a connection again. */
	revive(): void {
		if (this.#read.size > 0) void this.#sayRead();
		if (this.#arrived.size > 0) this.#sayArrived();
	}

	stop(): void {
		clearTimeout(this.#readTimer);
		clearTimeout(this.#arrivedTimer);
	}

	async #sayRead(): Promise<void> {
		clearTimeout(this.#readTimer);
		this.#readTimer = undefined;
		if (!this.#link.online) return;
		for (const [room_id, message_id] of [...this.#read].slice(0, AT_ONCE)) {
			this.#read.delete(room_id);
			this.#say({ type: "read", room_id, message_id }, () => {
				if (!this.#read.has(room_id)) this.#read.set(room_id, message_id);
			});
		}
	}

	#sayArrived(): void {
		clearTimeout(this.#arrivedTimer);
		this.#arrivedTimer = undefined;
		if (!this.#link.online) return;
		for (const room_id of [...this.#arrived].slice(0, AT_ONCE)) {
			this.#arrived.delete(room_id);
			const it = this.#host.state.rooms[room_id];
			const message_id = it?.lastMessage;
			if (!message_id || it.me?.state !== "joined" || it.room.deleted) continue;
			if ((it.me.delivered ?? "") >= message_id || (it.me.read ?? "") >= message_id) continue;
			this.#say({ type: "delivered", room_id, message_id }, () => this.#arrived.add(room_id));
		}
	}

	async #say(
		command: { type: "read" | "delivered"; room_id: RoomId; message_id: MessageId },
		failed: () => void,
	): Promise<void> {
		try {
			const member = await this.#link.command<Member | undefined>(command, 0);
			if (member) this.#host.dispatch({ type: "member", member });
		} catch (cause) {
			const { advice } = (cause as { error?: { advice?: string } }).error ?? {};
			if (advice !== "fix" && advice !== "give_up") failed();
		}
	}
}
