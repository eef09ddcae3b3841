/** What a person can do. Features call this, and nothing below it. */

import type {
	Me,
	MemberEntry,
	Message,
	MessageId,
	PresenceChoice,
	PublicRooms,
	Role,
	RoomDetails,
	RoomId,
	RoomKind,
	SeenBy,
	Session,
	SessionId,
	User,
	UserId,
} from "../protocol";
import type { Draft } from "./types";

export { Refused } from "../net/refused";

/**
 * Every promise is rejected with a `Refused` (see `net/http`): the server's error, or one of our own
 * with the code `unreachable`, whose advice is `retry`.
 */
export interface Client {
	// Accounts
	register(asked: {
		username: string;
		email: string;
		password: string;
		displayName?: string;
	}): Promise<Me>;
	logIn(login: string, password: string): Promise<Me>;
	/** Forgets everything that is kept on this device, too. */
	logOut(): Promise<void>;
	changePassword(current: string, next: string): Promise<void>;
	sessions(): Promise<Session[]>;
	endSession(id: SessionId): Promise<void>;
	endOtherSessions(): Promise<void>;
	setPresence(choice: PresenceChoice): Promise<void>;

	// Conversations
	createRoom(asked: { kind: RoomKind; name: string; description: string }): Promise<RoomId>;
	changeRoom(
		id: RoomId,
		asked: { name?: string; description?: string; kind?: RoomKind },
	): Promise<void>;
	deleteRoom(id: RoomId): Promise<void>;
	publicRooms(after?: RoomId): Promise<PublicRooms>;
	roomDetails(id: RoomId): Promise<RoomDetails>;
	join(id: RoomId): Promise<void>;
	leave(id: RoomId): Promise<void>;
	openDirect(user: UserId): Promise<RoomId>;
	/** Loads the next hundred members into the state; whether there are more. */
	loadMembers(id: RoomId): Promise<boolean>;
	addMember(room: RoomId, user: UserId): Promise<void>;
	removeMember(room: RoomId, user: UserId): Promise<void>;
	setRole(room: RoomId, user: UserId, role: Role): Promise<void>;

	// People
	/** Those whose username or name begins like this. */
	findUsers(prefix: string): Promise<User[]>;
	findMembers(room: RoomId, prefix: string): Promise<MemberEntry[]>;
	/** Sees to it that the state knows these people. Returns at once. */
	wantUsers(ids: readonly UserId[]): void;
	/** Presence of these people is kept up to date until the returned function is called. */
	watch(ids: readonly UserId[]): () => void;

	// History
	/** Loads the newest page, where it is not loaded; and again where it is stale. */
	open(room: RoomId): Promise<void>;
	loadBefore(room: RoomId): Promise<void>;
	loadAfter(room: RoomId): Promise<void>;
	/** Sees to it that a stretch holds this message: `live`, or `detached`. */
	jumpTo(room: RoomId, message: MessageId): Promise<void>;
	/** One message by itself, without what is around it; `null` where there is none. */
	message(room: RoomId, message: MessageId): Promise<Message | null>;
	/** Drops `detached`. */
	backToLive(room: RoomId): void;

	// Messages
	/** Puts it into the outbox. Resolves when it is kept on the disk; then it goes out by itself. */
	send(room: RoomId, text: string, replyTo?: MessageId): Promise<void>;
	/** Of a message that failed. */
	tryAgain(nonce: string): Promise<void>;
	discard(nonce: string): Promise<void>;
	edit(room: RoomId, message: MessageId, text: string): Promise<void>;
	remove(room: RoomId, message: MessageId): Promise<void>;
	react(room: RoomId, message: MessageId, emoji: string, on: boolean): Promise<void>;
	/** Everything up to this message was seen. */
	read(room: RoomId, message: MessageId): void;
	seenBy(room: RoomId, message: MessageId): Promise<SeenBy>;
	/** May be called for each key; it says so to the server as often as it must. */
	typing(room: RoomId, on: boolean): void;
	/** Kept on the disk, for all tabs. */
	setDraft(room: RoomId, draft: Draft | null): void;

	/** Tries to connect now. */
	reconnect(): void;
}
