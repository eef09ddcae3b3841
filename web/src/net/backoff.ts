/** How long to wait after so many failures. */

export const LONGEST_MS = 30_000;

/**
 * A random time below 1, 2, 4 ... 30 seconds: everybody comes back at once when a server was
 * restarted, and the jitter spreads them. `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
	return random * Math.min(LONGEST_MS, 1_000 * 2 ** Math.min(failures, 10));
}
