// Made from the server's documents by `npm run types`.

import type { components } from "./frames";

type Frame = components["schemas"];
type Meaning = { status: number; advice: Frame["Advice"] };

/** What the server's errors mean for a client. */
export const ERROR_CODES: Record<Frame["ErrorCode"], Meaning> = {
	malformed: { status: 400, advice: "fix" },
	invalid: { status: 422, advice: "fix" },
	unauthenticated: { status: 401, advice: "log_in" },
	session_ended: { status: 401, advice: "log_in" },
	wrong_credentials: { status: 401, advice: "fix" },
	forbidden: { status: 403, advice: "give_up" },
	origin_refused: { status: 403, advice: "give_up" },
	not_found: { status: 404, advice: "give_up" },
	method_not_allowed: { status: 405, advice: "fix" },
	conflict: { status: 409, advice: "fix" },
	username_taken: { status: 409, advice: "fix" },
	email_taken: { status: 409, advice: "fix" },
	nonce_reused: { status: 409, advice: "fix" },
	owner_must_stay: { status: 409, advice: "fix" },
	too_many_reactions: { status: 409, advice: "give_up" },
	too_many_rooms: { status: 409, advice: "give_up" },
	payload_too_large: { status: 413, advice: "fix" },
	unsupported_media_type: { status: 415, advice: "fix" },
	rate_limited: { status: 429, advice: "retry" },
	internal: { status: 500, advice: "retry" },
	storage_unavailable: { status: 503, advice: "retry" },
	overloaded: { status: 503, advice: "retry" },
	shutting_down: { status: 503, advice: "resume" },
};

/** What to do after the server closed the socket. Codes that are not here count as `resume`. */
export const CLOSE_CODES: Readonly<Record<number, Frame["Advice"]>> = {
	1000: "give_up",
	1009: "fix",
	4000: "fix",
	4001: "log_in",
	4002: "log_in",
	4003: "resume",
	4004: "resume",
	4005: "resume",
	4006: "retry",
	4007: "retry",
};
