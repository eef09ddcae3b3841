/** What the foot of the list says of the network. Pure. */

import type { Connection } from "../../state/types";

export type NetworkNews =
	| { kind: "offline"; waiting: number }
	| { kind: "connecting"; seconds: number | null }
	| { kind: "polls" }
	| { kind: "stopped"; error: Extract<Connection, { at: "stopped" }>["error"] };

/** A reconnect that takes less than this is nobody's business. */
export const QUIET_MS = 2_500;

/** `since`: when the connection was last online. */
export function networkNews(
	connection: Connection,
	{ waiting, since, now }: { waiting: number; since: number; now: number },
): NetworkNews | null {
	switch (connection.at) {
		case "offline":
			return { kind: "offline", waiting };
		case "stopped":
			return { kind: "stopped", error: connection.error };
		case "online":
			return connection.by === "polls" ? { kind: "polls" } : null;
		case "catching_up":
			return null;
		case "connecting": {
			if (now - since < QUIET_MS) return null;
			const left = Math.ceil(((connection.retryAt ?? now) - now) / 1000);
			return { kind: "connecting", seconds: left > 0 ? left : null };
		}
	}
}
