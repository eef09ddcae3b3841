/** What the client knows. A pure reducer makes it from the server's frames; features read it. */

import type { Draft } from "../net/kept";
import type { Waiting } from "../net/outbox";
import type {
	ErrorBody,
	EventId,
	Me,
	Member,
	Message,
	MessageId,
	PresenceStatus,
	ReactionSummary,
	Room,
	RoomId,
	User,
	UserId,
} from "../protocol";
import type { Table } from "./table";

/**
 * Whether anybody is logged in.
 * - `unknown`: it is being found out, for a moment after the start.
 * - `out`, `ended`: the session was ended or has expired; what was written is kept for the same
 *   person's next log-in. `cookies_refused`: the browser keeps no cookies, so a reload logs out.
 * - `in`, with `cookies: "refused"`: it works until the page is closed or reloaded.
 */
export type SessionState =
	| { at: "unknown" }
	| { at: "out"; reason?: "ended" | "cookies_refused" }
	| { at: "in"; me: Me; cookies?: "refused" };

/**
 * How the client reaches the server.
 * - `connecting`: not yet, or no more; it tries, next at `retryAt` (ms since 1970).
 * - `catching_up`: connected, and being told what was missed.
 * - `online`: by WebSocket, or by long polls where that is blocked.
 * - `offline`: the system says that there is no network.
 * - `stopped`: it gave up, and says why (an outdated client, for example); a reload may help.
 */
export type Connection =
	| { at: "connecting"; retryAt?: number }
	| { at: "catching_up" }
	| { at: "online"; by: "socket" | "polls" }
	| { at: "offline" }
	| { at: "stopped"; error: ErrorBody };

/** A stretch of a room's history without holes. Ids rise. */
export interface Stretch {
	ids: MessageId[];
	moreBefore: boolean;
	moreAfter: boolean;
}

/**
 * A message that was written here and is not known to be stored. It lives in IndexedDB.
 * - `tried`: an attempt was made; it is only repeated with `retry`.
 * - `failed`: the server refused it, and will. It waits for the person.
 */
export type Unsent = Waiting;

export interface Reactions {
	version: EventId;
	summary: ReactionSummary[];
}

/** One's own reactions to a message: the server tells them beside the summary. */
export interface MyReactions {
	version: EventId;
	emojis: string[];
}

/** What the server counted: unread messages up to the message `upTo`, read up to `read`. */
export interface Counted {
	unread: number;
	upTo: MessageId | null;
	read: MessageId | null;
	/** Something happened that can't be reckoned in here: the server has to count again. */
	doubtful?: true;
}

export interface RoomState {
	room: Room;
	/** One's own place in it. */
	me: Member | null;
	memberCount: number | null;
	/** Those that are known; all of them once `membersLoaded`. */
	members: Record<UserId, Member>;
	membersLoaded: boolean;
	/** Whatever is known, in a stretch or not. They hold no reactions: those are in `reactions`. */
	messages: Table<Message>;
	reactions: Table<Reactions>;
	/** What the server said of one's own; `reactedWith` (selectors) says what holds. */
	myReactions: Table<MyReactions>;
	/** The newest stretch. `null`: not loaded yet. */
	live: Stretch | null;
	/** Around a message that was jumped to, while it has not met `live`. */
	detached: Stretch | null;
	/** The newest message of all. */
	lastMessage: MessageId | null;
	counted: Counted;
	/** More happened than was told: it has to be loaded again. */
	stale: boolean;
	/** Who is writing, and until when that is believed (ms since 1970). */
	typing: Record<UserId, number>;
}

export interface Presence {
	status: PresenceStatus;
	/** ms since 1970. */
	lastSeen?: number;
}

export interface State {
	session: SessionState;
	connection: Connection;
	users: Record<UserId, User>;
	presence: Record<UserId, Presence>;
	rooms: Record<RoomId, RoomState>;
	/** Whether the list of conversations was loaded, from the server or from what was kept. */
	conversationsLoaded: boolean;
	/** What waits or failed, oldest first. What is stored is not among them. */
	unsent: Unsent[];
	/**
	 * Whether what is written outlives a reload. `memory`: the browser gives no storage; `full`: it
	 * gives no more.
	 */
	storage: "ok" | "memory" | "full";
	drafts: Record<RoomId, Draft>;
	/** Rises whenever one's own sessions may be others than before: then they are to be asked for. */
	sessionsChanges: number;
}

export type { Draft };
