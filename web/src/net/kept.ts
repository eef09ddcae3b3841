/** What is kept on the device. */

import type { ErrorBody, Me, Member, Message, MessageId, Room, RoomId, User } from "../protocol";

/** A message that was written here and is not known to be stored. */
export interface KeptUnsent {
	nonce: string;
	roomId: RoomId;
	text: string;
	replyTo?: MessageId;
	/** When it was written, ms since 1970; rises from one to the next. */
	writtenAt: number;
	/** When the first attempt was about to be made. Written before anything goes out. */
	triedAt?: number;
	/** The server refused it, and will. */
	failed?: ErrorBody;
}

export interface Draft {
	text: string;
	replyTo?: MessageId;
	/** An edit of this message, rather than a new one. */
	editing?: MessageId;
	/** What was being written before the edit began. It comes back after it. */
	before?: { text: string; replyTo?: MessageId };
}

export interface KeptDraft extends Draft {
	roomId: RoomId;
}

/** A conversation, as far as it is needed to open without a network. */
export interface KeptRoom {
	id: RoomId;
	room: Room;
	me: Member | null;
	memberCount: number | null;
	members: Member[];
	lastMessage: MessageId | null;
	counted: { unread: number; upTo: MessageId | null; read: MessageId | null; doubtful?: true };
	/** The newest stretch; `null`: it is not kept. */
	live: { ids: MessageId[]; moreBefore: boolean } | null;
	/** Those of `live`, and the newest one. */
	messages: Message[];
	reactions: [
		MessageId,
		{ version: string; summary: { emoji: string; count: number; users: string[] }[] },
	][];
	myReactions: [MessageId, { version: string; emojis: string[] }][];
}

/** Everything that is known at one moment. `cursor` covers all of it. */
export interface Snapshot {
	me: Me;
	cursor: string;
	users: User[];
	rooms: KeptRoom[];
}

/** What changed since this tab wrote last. Absent: it stays. */
export interface SnapshotChange {
	me: Me;
	cursor: string;
	users?: User[];
	rooms: KeptRoom[];
	gone: RoomId[];
}
