/** The state in which nothing is known. */

import type { State } from "./types";

export const EMPTY: State = {
	session: { at: "unknown" },
	connection: { at: "connecting" },
	users: {},
	presence: {},
	rooms: {},
	conversationsLoaded: false,
	unsent: [],
	storage: "ok",
	drafts: {},
	sessionsChanges: 0,
};
