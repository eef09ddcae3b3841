/** Says that one writes: when one begins, every three seconds while it goes on, and when one stops. */

import type { Link } from "../../net/link";
import type { RoomId } from "../../protocol";

const EVERY_MS = 3_000;
const PAUSE_MS = 5_000;

export class Typing {
	readonly #link: Link;
	#room: RoomId | null = null;
	#saidAt = 0;
	#pause: ReturnType<typeof setTimeout> | undefined;

	constructor(link: Link) {
		this.#link = link;
	}

	set(room: RoomId, on: boolean): void {
		if (!on) {
			if (this.#room === room) this.#off();
			return;
		}
		if (this.#room !== null && this.#room !== room) this.#off();
		clearTimeout(this.#pause);
		this.#pause = setTimeout(() => this.#off(), PAUSE_MS);
		const now = performance.now();
		if (this.#room === room && now - this.#saidAt < EVERY_MS) return;
		this.#room = room;
		this.#saidAt = now;
		this.#say(room, true);
	}

	stop(): void {
		clearTimeout(this.#pause);
		this.#room = null;
	}

	#off(): void {
		clearTimeout(this.#pause);
		if (this.#room !== null) this.#say(this.#room, false);
		this.#room = null;
	}

	/** It is worth nothing later. */
	#say(room_id: RoomId, on: boolean): void {
		this.#link.command({ type: "typing", room_id, on }, 0).catch(() => {});
	}
}
