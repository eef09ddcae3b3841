/** What the tests' browser lacks: locks, and a way to begin with an empty disk. */

import { IDBFactory } from "fake-indexeddb";
import { vi } from "vitest";

interface Request {
	granted(): void;
	taken(): void;
}

/** The Web Locks of one browser. */
export class Locks {
	readonly #held = new Map<string, Request>();
	readonly #queues = new Map<string, Request[]>();

	request = (name: string, ...rest: unknown[]): Promise<unknown> => {
		const work = rest.at(-1) as () => Promise<unknown>;
		const { steal, signal } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
		return new Promise((done, failed) => {
			const queue = this.#queues.get(name) ?? [];
			this.#queues.set(name, queue);
			const aborted = () => failed(new DOMException("aborted", "AbortError"));
			const request: Request = {
				granted: () => {
					this.#held.set(name, request);
					Promise.resolve(work())
						.then(done, failed)
						.finally(() => {
							if (this.#held.get(name) !== request) return;
							this.#held.delete(name);
							queue.shift()?.granted();
						});
				},
				taken: aborted,
			};
			signal?.addEventListener("abort", () => {
				const at = queue.indexOf(request);
				if (at >= 0) queue.splice(at, 1);
				aborted();
			});
			const holder = this.#held.get(name);
			if (!holder) return request.granted();
			if (!steal) return queue.push(request);
			holder.taken();
			request.granted();
		});
	};
}

export function freshBrowser({ locks = true, disk = true } = {}): void {
	vi.stubGlobal("indexedDB", disk ? new IDBFactory() : brokenDisk());
	localStorage.clear();
	Object.defineProperty(navigator, "locks", {
		configurable: true,
		value: locks ? new Locks() : undefined,
	});
}

function brokenDisk() {
	return {
		open() {
			throw new DOMException("not here", "SecurityError");
		},
	};
}

/** Waits until it holds. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 4_000): Promise<void> {
	const end = Date.now() + ms;
	while (!(await holds())) {
		if (Date.now() > end) throw new Error(`it did not come to hold: ${holds}`);
		await new Promise((done) => setTimeout(done, 2));
	}
}
