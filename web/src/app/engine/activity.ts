/** Whether somebody uses this device, and whether there is a network. */

const IDLE_AFTER_MS = 5 * 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

export interface Heard {
	idle(idle: boolean): void;
	network(on: boolean): void;
	/** The page is seen again, or somebody does something after a pause. */
	awake(): void;
	/** The page is left, perhaps for ever. */
	hidden(): void;
}

export class Activity {
	#idle = document.visibilityState === "hidden";
	#last = Date.now();
	readonly #heard: Heard;
	readonly #timer: ReturnType<typeof setInterval>;
	readonly #off = new AbortController();

	constructor(heard: Heard) {
		this.#heard = heard;
		const { signal } = this.#off;
		const sign = () => this.#sign();
		for (const name of SIGNS) window.addEventListener(name, sign, { signal, passive: true });
		window.addEventListener("online", () => heard.network(true), { signal });
		window.addEventListener("offline", () => heard.network(false), { signal });
		window.addEventListener("pagehide", () => heard.hidden(), { signal });
		// From the cache of pages: its sockets are gone, without a word.
		window.addEventListener("pageshow", ({ persisted }) => persisted && heard.awake(), { signal });
		document.addEventListener("visibilitychange", () => this.#visible(), { signal });
		document.addEventListener("freeze", () => heard.hidden(), { signal });
		document.addEventListener("resume", () => heard.awake(), { signal });
		this.#timer = setInterval(() => this.#look(), 15_000);
	}

	get idle(): boolean {
		return this.#idle;
	}

	stop(): void {
		this.#off.abort();
		clearInterval(this.#timer);
	}

	#sign(): void {
		this.#last = Date.now();
		if (this.#idle && document.visibilityState === "visible") this.#say(false);
	}

	#visible(): void {
		if (document.visibilityState === "hidden") {
			this.#say(true);
			this.#heard.hidden();
			return;
		}
		this.#last = Date.now();
		this.#say(false);
		this.#heard.awake();
	}

	#look(): void {
		if (Date.now() - this.#last >= IDLE_AFTER_MS) this.#say(true);
	}

	#say(idle: boolean): void {
		if (idle === this.#idle) return;
		this.#idle = idle;
		this.#heard.idle(idle);
	}
}
