/** The server's HTTP requests, with a token that is good. */

import type {
	Conversations,
	History,
	Session as Login,
	Me,
	Member,
	Members,
	MessageId,
	Polled,
	PublicRooms,
	Role,
	RoomDetails,
	RoomId,
	RoomKind,
	SeenBy,
	SessionId,
	User,
	UserId,
} from "../protocol";
import type { Call } from "./commands";
import type { Asked, Http, Method } from "./http";
import { Refused } from "./refused";
import type { Session } from "./session";

/** Which part of a room's history. */
export type Part =
	| { newest: true }
	| { before: MessageId }
	| { after: MessageId }
	| { around: MessageId };

export class Api {
	readonly #http: Http;
	readonly #session: Session;
	readonly #who: () => UserId | null;

	/** `who` is at this client, as far as it is known. What they ask for is asked in their name alone. */
	constructor(http: Http, session: Session, who: () => UserId | null) {
		this.#http = http;
		this.#session = session;
		this.#who = who;
	}

	call<T>({ method, path, query, body }: Call): Promise<T> {
		return this.#request<T>(method, path, {
			...(query && { query }),
			...(body !== undefined && { body }),
		});
	}

	poll(query: Asked["query"] & object, signal: AbortSignal): Promise<Polled> {
		const timeoutMs = (Number(query.wait ?? 25) + 15) * 1_000;
		return this.#request("GET", "/api/v1/events", { query, signal, timeoutMs });
	}

	me(): Promise<Me> {
		return this.#get("/me");
	}

	changePassword(current: string, next: string): Promise<void> {
		const body = { current_password: current, new_password: next };
		return this.#request("POST", "/api/v1/me/password", { body });
	}

	sessions(): Promise<Login[]> {
		return this.#get("/me/sessions");
	}

	endSession(id: SessionId): Promise<void> {
		return this.#request("DELETE", `/api/v1/me/sessions/${id}`);
	}

	endOtherSessions(): Promise<void> {
		return this.#request("DELETE", "/api/v1/me/sessions", { query: { keep_current: true } });
	}

	conversations(): Promise<Conversations> {
		return this.#get("/rooms");
	}

	createRoom(body: { kind: RoomKind; name: string; description: string }): Promise<RoomDetails> {
		return this.#request("POST", "/api/v1/rooms", { body });
	}

	changeRoom(
		id: RoomId,
		body: { name?: string; description?: string; kind?: RoomKind },
	): Promise<RoomDetails> {
		return this.#request("PATCH", `/api/v1/rooms/${id}`, { body });
	}

	deleteRoom(id: RoomId): Promise<void> {
		return this.#request("DELETE", `/api/v1/rooms/${id}`);
	}

	publicRooms(before?: RoomId): Promise<PublicRooms> {
		return this.#get("/rooms/public", { before });
	}

	room(id: RoomId): Promise<RoomDetails> {
		return this.#get(`/rooms/${id}`);
	}

	join(id: RoomId): Promise<RoomDetails> {
		return this.#request("POST", `/api/v1/rooms/${id}/join`);
	}

	leave(id: RoomId): Promise<void> {
		return this.#request("POST", `/api/v1/rooms/${id}/leave`);
	}

	openDirect(user: UserId): Promise<RoomDetails> {
		return this.#request("POST", "/api/v1/direct", { body: { user_id: user } });
	}

	members(room: RoomId, after?: UserId): Promise<Members> {
		return this.#get(`/rooms/${room}/members`, { after });
	}

	addMember(room: RoomId, user: UserId): Promise<Member> {
		return this.#request("POST", `/api/v1/rooms/${room}/members`, { body: { user_id: user } });
	}

	removeMember(room: RoomId, user: UserId): Promise<void> {
		return this.#request("DELETE", `/api/v1/rooms/${room}/members/${user}`);
	}

	setRole(room: RoomId, user: UserId, role: Role): Promise<Member> {
		return this.#request("PATCH", `/api/v1/rooms/${room}/members/${user}`, { body: { role } });
	}

	history(room: RoomId, part: Part, limit: number): Promise<History> {
		const where = "newest" in part ? {} : part;
		return this.#get(`/rooms/${room}/messages`, { ...where, limit });
	}

	seenBy(room: RoomId, message: MessageId): Promise<SeenBy> {
		return this.#get(`/rooms/${room}/messages/${message}/seen`);
	}

	users(ids: readonly UserId[]): Promise<User[]> {
		return this.#get("/users", { ids: ids.join(",") });
	}

	userByName(username: string): Promise<User> {
		return this.#get(`/users/by-username/${encodeURIComponent(username)}`);
	}

	#get<T>(path: string, query?: Asked["query"]): Promise<T> {
		return this.#request("GET", `/api/v1${path}`, query ? { query } : {});
	}

	async #request<T>(method: Method, path: string, asked: Asked = {}): Promise<T> {
		const who = this.#who();
		const token = await this.#tokenOf(who);
		try {
			return await this.#http.request<T>(method, path, { ...asked, token });
		} catch (cause) {
			if (!(cause instanceof Refused)) throw cause;
			if (cause.error.code === "session_ended") this.#session.ended();
			if (cause.error.code !== "unauthenticated") throw cause;
			const fresh = await this.#tokenOf(who, token);
			return this.#http.request<T>(method, path, { ...asked, token: fresh });
		}
	}

	/** Somebody else may have logged in, in another tab, since this was asked for. */
	async #tokenOf(who: UserId | null, refused?: string): Promise<string> {
		const token = await this.#session.token(refused);
		if (who === null || this.#session.user?.id === who) return token;
		throw new Refused({
			code: "unauthenticated",
			detail: "Somebody else is logged in now.",
			advice: "log_in",
		});
	}
}
