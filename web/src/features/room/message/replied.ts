/** Messages that are answered and not loaded: asked for one by one, and kept while the room is open. */

import type { Message, MessageId } from "../../../protocol";

/** So many are asked for at once. */
const AT_ONCE = 3;

/** A row that is scrolled past asks for nothing. */
export const LOOK_MS = 300;

/** `null`: there is none. Rejects where nobody knows, such as offline. */
type Ask = (id: MessageId) => Promise<Message | null>;

export class Replied {
	readonly #ask: Ask;
	readonly #known = new Map<MessageId, Message | null>();
	/** Who waits for what; the newest is asked for first, since it is in view. */
	readonly #wanted: MessageId[] = [];
	readonly #underWay = new Set<MessageId>();
	readonly #listeners = new Set<() => void>();

	constructor(ask: Ask) {
		this.#ask = ask;
	}

	/** `undefined`: it isn't known yet. */
	get(id: MessageId): Message | null | undefined {
		return this.#known.get(id);
	}

	readonly subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	};

	/** Asks for it in its turn, until the returned function is called. */
	want(id: MessageId): () => void {
		const timer = setTimeout(() => {
			this.#wanted.push(id);
			this.#next();
		}, LOOK_MS);
		return () => {
			clearTimeout(timer);
			const place = this.#wanted.lastIndexOf(id);
			if (place >= 0) this.#wanted.splice(place, 1);
		};
	}

	#next(): void {
		while (this.#underWay.size < AT_ONCE) {
			const id = this.#wanted.pop();
			if (id === undefined) return;
			if (this.#known.has(id) || this.#underWay.has(id)) continue;
			this.#underWay.add(id);
			this.#ask(id)
				.then(
					(message) => this.#found(id, message),
					// It is asked for again when its row comes into view again.
					() => undefined,
				)
				.finally(() => {
					this.#underWay.delete(id);
					this.#next();
				});
		}
	}

	#found(id: MessageId, message: Message | null): void {
		this.#known.set(id, message);
		for (const listener of this.#listeners) listener();
	}
}
