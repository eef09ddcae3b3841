/** The state after something happened. Pure; what did not change keeps its identity. */

import type { Part } from "../net/api";
import type {
	Conversation,
	Event,
	History,
	Member,
	MemberEntry,
	Message,
	MessageId,
	PresenceEntry,
	Reload,
	Room,
	RoomDetails,
	RoomId,
	User,
} from "../protocol";
import { EMPTY } from "./empty";
import {
	newRoom,
	TYPING_MS,
	withConversation,
	withLoss,
	withMember,
	withMessage,
	withPage,
	withReaction,
	withRead,
	withRoom,
	withTime,
	withTyping,
} from "./rooms";
import { myId } from "./selectors";
import type { Connection, Draft, Presence, RoomState, SessionState, State, Unsent } from "./types";

export type Action =
	/** Somebody is logged in, or nobody. Another person's state is not kept. */
	| { type: "session"; session: SessionState }
	| { type: "connection"; connection: Connection }
	| { type: "storage"; storage: State["storage"] }
	/** What was kept on the device. */
	| { type: "kept"; users: User[]; rooms: RoomState[]; drafts: Record<RoomId, Draft> }
	| { type: "event"; event: Event | Reload; now: number }
	/** Nobody knows what was missed. */
	| { type: "lost" }
	| { type: "conversations"; list: Conversation[] }
	| { type: "details"; details: RoomDetails }
	| { type: "gone"; room: RoomId }
	| { type: "page"; room: RoomId; part: Part; page: History }
	| { type: "back_to_live"; room: RoomId }
	| { type: "members"; room: RoomId; entries: MemberEntry[]; all: boolean }
	| { type: "member"; member: Member }
	| { type: "read"; room: RoomId; message: MessageId }
	| { type: "users"; users: User[] }
	| { type: "presence"; entries: PresenceEntry[] }
	| { type: "unsent"; unsent: Unsent[] }
	| { type: "acknowledged"; nonce: string; room: RoomId; message: Message }
	| { type: "draft"; room: RoomId; draft: Draft | null }
	/** A session may have begun, or have ended unnoticed. */
	| { type: "sessions" }
	| { type: "time"; now: number };

export function reduce(state: State, action: Action): State {
	switch (action.type) {
		case "session":
			return withSession(state, action.session);
		case "connection":
			return { ...state, connection: action.connection };
		case "storage":
			return state.storage === action.storage ? state : { ...state, storage: action.storage };
		case "kept":
			return withKept(state, action);
		case "event":
			return withEvent(state, action.event, action.now);
		case "lost":
			return { ...state, rooms: mapped(state.rooms, withLoss) };
		case "conversations":
			return withConversations(state, action.list);
		case "details":
			return withDetails(state, action.details);
		case "gone": {
			const { [action.room]: gone, ...rooms } = state.rooms;
			return gone ? { ...state, rooms } : state;
		}
		case "page":
			return inRoom(state, action.room, (it) =>
				withPage(it, action.part, action.page, myId(state)),
			);
		case "back_to_live":
			return inRoom(state, action.room, (it) => (it.detached ? { ...it, detached: null } : it));
		case "members":
			return withMembers(state, action);
		case "member":
			return inRoom(state, action.member.room_id, (it) =>
				withMember(it, action.member, myId(state)),
			);
		case "read":
			return inRoom(state, action.room, (it) => withRead(it, action.message));
		case "users":
			return withUsers(state, action.users);
		case "presence":
			return action.entries.reduce(withPresence, state);
		case "unsent":
			return { ...state, unsent: action.unsent };
		case "acknowledged": {
			const { room, message } = action;
			const next = inRoom(state, room, (it) =>
				it.messages.has(message.id) ? it : withMessage(it, message, myId(state)),
			);
			return withoutUnsent(next, action.nonce);
		}
		case "draft":
			return withDraft(state, action.room, action.draft);
		case "sessions":
			return { ...state, sessionsChanges: state.sessionsChanges + 1 };
		case "time": {
			const rooms = mapped(state.rooms, (it) => withTime(it, action.now));
			return rooms === state.rooms ? state : { ...state, rooms };
		}
	}
}

function withSession(state: State, session: SessionState): State {
	const before = myId(state);
	if (session.at === "in" && (before === null || before === session.me.id)) {
		const known = before === null ? { ...EMPTY, connection: state.connection } : state;
		return withUsers({ ...known, session, storage: state.storage }, [userOf(session.me)]);
	}
	if (session.at === "in") {
		return withUsers({ ...EMPTY, connection: state.connection, session }, [userOf(session.me)]);
	}
	return { ...EMPTY, session };
}

function userOf(me: User): User {
	const { id, username, display_name, role, created_at } = me;
	return { id, username, display_name, role, created_at };
}

function withKept(
	state: State,
	kept: { users: User[]; rooms: RoomState[]; drafts: Record<RoomId, Draft> },
): State {
	const rooms = Object.fromEntries(kept.rooms.map((it) => [it.room.id, it]));
	return withUsers(
		{
			...state,
			rooms: { ...rooms, ...state.rooms },
			conversationsLoaded: state.conversationsLoaded || kept.rooms.length > 0,
			drafts: { ...kept.drafts, ...state.drafts },
		},
		kept.users,
	);
}

function withEvent(state: State, event: Event | Reload, now: number): State {
	const me = myId(state);
	switch (event.type) {
		case "message": {
			const { message, room_id } = event;
			const next = inRoom(state, room_id, (it) => withMessage(it, message, me));
			const mine = message.author_id === me && message.nonce;
			return mine ? withoutUnsent(next, mine) : next;
		}
		case "reaction":
			return inRoom(state, event.room_id, (it) =>
				withReaction(
					it,
					{ message: event.message_id, version: event.version, summary: event.reactions },
					event.user_id === me ? event.emojis : null,
				),
			);
		case "room":
			return withRoomState(state, event.room);
		case "member":
			return inRoom(state, event.member.room_id, (it) => withMember(it, event.member, me));
		case "typing":
			return inRoom(state, event.room_id, (it) =>
				withTyping(it, event.user_id, event.on ? now + TYPING_MS : null),
			);
		case "presence":
			return withPresence(state, event);
		case "sessions":
			return reduce(state, event);
		case "reload": {
			const { room_id } = event;
			if (!room_id) return { ...state, rooms: mapped(state.rooms, withLoss) };
			return inRoom(state, room_id, withLoss);
		}
		default:
			return state;
	}
}

function withRoomState(state: State, room: Room): State {
	if (state.rooms[room.id]) return inRoom(state, room.id, (it) => withRoom(it, room));
	return { ...state, rooms: { ...state.rooms, [room.id]: newRoom(room) } };
}

function withConversations(state: State, list: Conversation[]): State {
	const me = myId(state);
	const rooms = { ...state.rooms };
	let changed = !state.conversationsLoaded;
	for (const told of list) {
		const before = rooms[told.room.id];
		const after = withConversation(before ?? newRoom(told.room), told, me);
		if (after !== before) changed = true;
		rooms[told.room.id] = after;
	}
	return changed ? { ...state, rooms, conversationsLoaded: true } : state;
}

function withDetails(state: State, { room, member, member_count }: RoomDetails): State {
	return inRoom(withRoomState(state, room), room.id, (it) => {
		const next = member ? withMember(it, member, myId(state)) : it;
		return next.memberCount === member_count ? next : { ...next, memberCount: member_count };
	});
}

function withMembers(
	state: State,
	{ room, entries, all }: { room: RoomId; entries: MemberEntry[]; all: boolean },
): State {
	const me = myId(state);
	const known = withUsers(
		state,
		entries.map(({ user }) => user),
	);
	return inRoom(known, room, (it) => {
		const next = entries.reduce((so, { member }) => withMember(so, member, me), it);
		return next.membersLoaded === all ? next : { ...next, membersLoaded: all };
	});
}

function withUsers(state: State, users: User[]): State {
	const news = users.filter((user) => !sameUser(state.users[user.id], user));
	if (news.length === 0) return state;
	return {
		...state,
		users: { ...state.users, ...Object.fromEntries(news.map((it) => [it.id, it])) },
	};
}

function sameUser(a: User | undefined, b: User): boolean {
	return (
		a !== undefined &&
		a.display_name === b.display_name &&
		a.username === b.username &&
		a.role === b.role
	);
}

function withPresence(state: State, entry: PresenceEntry): State {
	const { user_id, status, last_seen } = entry;
	const before = state.presence[user_id];
	if (before?.status === status && (last_seen ?? undefined) === before.lastSeen) return state;
	const presence: Presence = { status, ...(last_seen != null && { lastSeen: last_seen }) };
	return { ...state, presence: { ...state.presence, [user_id]: presence } };
}

function withDraft(state: State, room: RoomId, draft: Draft | null): State {
	if (draft) return { ...state, drafts: { ...state.drafts, [room]: draft } };
	const { [room]: gone, ...drafts } = state.drafts;
	return gone ? { ...state, drafts } : state;
}

function withoutUnsent(state: State, nonce: string): State {
	const unsent = state.unsent.filter((it) => it.nonce !== nonce);
	return unsent.length === state.unsent.length ? state : { ...state, unsent };
}

/** What is not known of a room that nobody knows is loaded with it. */
function inRoom(state: State, id: RoomId, change: (it: RoomState) => RoomState): State {
	const before = state.rooms[id];
	if (!before) return state;
	const after = change(before);
	return after === before ? state : { ...state, rooms: { ...state.rooms, [id]: after } };
}

function mapped(rooms: State["rooms"], change: (it: RoomState) => RoomState): State["rooms"] {
	let result = rooms;
	for (const [id, before] of Object.entries(rooms)) {
		const after = change(before);
		if (after === before) continue;
		if (result === rooms) result = { ...rooms };
		result[id] = after;
	}
	return result;
}
