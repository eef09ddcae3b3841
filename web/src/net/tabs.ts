/** What the tabs of one browser say to each other, and how one of them goes first. */

/** Tells all other tabs. Where the browser has no channels, nobody hears it. */
export interface Channel<T> {
	say(message: T): void;
	close(): void;
}

export function channel<T>(name: string, heard: (message: T) => void): Channel<T> {
	if (typeof BroadcastChannel === "undefined") return { say() {}, close() {} };
	const inner = new BroadcastChannel(name);
	let open = true;
	inner.onmessage = (event: MessageEvent<T>) => open && heard(event.data);
	return {
		say: (message) => open && inner.postMessage(message),
		close() {
			open = false;
			inner.close();
		},
	};
}

/** Does it while no other tab does something under this name. Without locks it does it at once. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
	const { locks } = navigator;
	if (!locks) return work();
	return locks.request(name, work) as Promise<T>;
}

/** An atomic claim, for browsers without locks (and pages without TLS). It lapses by itself. */
export interface Claims {
	/** Whether this tab has it now, until so many ms from now. */
	claim(name: string, tab: string, forMs: number): Promise<boolean>;
}

const CLAIM_MS = 6_000;
const RENEW_MS = 2_000;

export interface Lead {
	/** Takes it from a tab that has it and does nothing with it. */
	steal(): void;
	stop(): void;
}

/** Calls `change(true)` once no other tab leads under this name, and `change(false)` when it was taken away. */
export function lead(
	name: string,
	tab: string,
	claims: Claims,
	change: (leads: boolean) => void,
): Lead {
	const { locks } = navigator;
	return locks ? leadByLock(locks, name, change) : leadByClaim(name, tab, claims, change);
}

function leadByLock(locks: LockManager, name: string, change: (leads: boolean) => void): Lead {
	let stopped = false;
	let leads = false;
	let release = () => {};
	const waiting = new AbortController();
	const stand = (options: LockOptions) => {
		const held = () => {
			if (stopped) return;
			leads = true;
			change(true);
			return new Promise<void>((done) => {
				release = done;
			});
		};
		locks.request(name, options, held).catch(() => {
			// Taken away, or given up while waiting.
			if (stopped || !leads) return;
			leads = false;
			change(false);
			stand({});
		});
	};
	stand({ signal: waiting.signal });
	return {
		steal() {
			if (!leads && !stopped) stand({ steal: true });
		},
		stop() {
			stopped = true;
			leads = false;
			waiting.abort();
			release();
		},
	};
}

function leadByClaim(
	name: string,
	tab: string,
	claims: Claims,
	change: (leads: boolean) => void,
): Lead {
	let leads = false;
	const look = async () => {
		const has = await claims.claim(name, tab, CLAIM_MS);
		if (has !== leads) {
			leads = has;
			change(has);
		}
	};
	void look();
	const timer = setInterval(look, RENEW_MS);
	return {
		steal() {},
		stop() {
			clearInterval(timer);
			if (leads) void claims.claim(name, tab, 0);
			leads = false;
		},
	};
}
