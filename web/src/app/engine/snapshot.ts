/** What is kept of the state for the next start, which may be without a network. */

import type { Keep } from "../../net/keep";
import type { KeptRoom } from "../../net/kept";
import type { Me, Message, RoomId } from "../../protocol";
import { newRoom } from "../../state/rooms";
import { conversations, myId, unread } from "../../state/selectors";
import { Table } from "../../state/table";
import type { RoomState, State, Stretch } from "../../state/types";

/** Of each room that was opened, so many of its newest messages. */
const MESSAGES = 60;
/** Of so many rooms. */
const ROOMS = 30;
const MEMBERS = 100;
const WRITE_AFTER_MS = 250;

export function roomOf(kept: KeptRoom): RoomState {
	const { room, me, memberCount, lastMessage, counted, live } = kept;
	return {
		...newRoom(room),
		me,
		memberCount,
		members: Object.fromEntries(kept.members.map((member) => [member.user_id, member])),
		messages: Table.of(kept.messages.map((message) => [message.id, message])),
		reactions: Table.of(kept.reactions),
		myReactions: Table.of(kept.myReactions),
		live: live && { ...live, moreAfter: false },
		lastMessage,
		counted,
	};
}

export function keptOf(it: RoomState, me: string | null, withHistory: boolean): KeptRoom {
	const { room, memberCount, lastMessage, counted } = it;
	const live = withHistory && it.live && !it.stale ? tail(it.live) : null;
	const ids = new Set(live?.ids ?? []);
	if (lastMessage !== null) ids.add(lastMessage);
	const known = [...ids].map((id) => it.messages.get(id));
	const members = Object.values(it.members);
	return {
		id: room.id,
		room,
		me: it.me,
		memberCount,
		members: members.length <= MEMBERS ? members : [],
		lastMessage,
		counted: {
			unread: unread(it, me),
			upTo: lastMessage,
			read: it.me?.read ?? null,
			...(counted.doubtful && { doubtful: true }),
		},
		live,
		messages: known.filter((message): message is Message => message !== undefined),
		reactions: some(ids, it.reactions),
		myReactions: some(ids, it.myReactions),
	};
}

function tail({ ids, moreBefore }: Stretch): KeptRoom["live"] {
	return { ids: ids.slice(-MESSAGES), moreBefore: moreBefore || ids.length > MESSAGES };
}

function some<T>(ids: Iterable<string>, table: Table<T>): [string, T][] {
	const found: [string, T][] = [];
	for (const id of ids) {
		const value = table.get(id);
		if (value !== undefined) found.push([id, value]);
	}
	return found;
}

interface Now {
	state: State;
	/** It covers everything that the state was told. */
	cursor: string | null;
	me: Me | null;
}

/** Writes the state down some time after it changed. */
export class SnapshotWriter {
	readonly #keep: Keep;
	readonly #now: () => Now;
	/** What was written, to know what changed. */
	#rooms = new Map<RoomId, RoomState>();
	#histories = new Map<RoomId, boolean>();
	#users: State["users"] | null = null;
	#cursor: string | null = null;
	/** The rooms that were opened, the last one last. */
	#opened: RoomId[] = [];
	#timer: ReturnType<typeof setTimeout> | undefined;
	#writing = false;
	#stopped = false;

	constructor(keep: Keep, now: () => Now) {
		this.#keep = keep;
		this.#now = now;
	}

	opened(room: RoomId): void {
		this.#opened = [...this.#opened.filter((id) => id !== room), room].slice(-ROOMS);
	}

	soon(): void {
		if (!this.#stopped) this.#timer ??= setTimeout(() => void this.write(), WRITE_AFTER_MS);
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	async write(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (this.#stopped) return;
		if (this.#writing) return this.soon();
		this.#writing = true;
		try {
			// Another tab's is left alone by a tab that nobody looks at.
			if ((await this.#attempt(false)) === "not_mine" && document.visibilityState === "visible") {
				await this.#attempt(true);
			}
		} finally {
			this.#writing = false;
		}
	}

	async #attempt(all: boolean): Promise<"written" | "not_mine" | "lost"> {
		const { state, cursor, me } = this.#now();
		if (cursor === null || me === null || this.#stopped) return "lost";
		const list = conversations(state);
		const history = (it: RoomState) => this.#opened.includes(it.room.id);
		const changed = list.filter(
			(it) =>
				all ||
				this.#rooms.get(it.room.id) !== it ||
				this.#histories.get(it.room.id) !== history(it),
		);
		const there = new Set(list.map((it) => it.room.id));
		const gone = [...this.#rooms.keys()].filter((id) => !there.has(id));
		const users = all || this.#users !== state.users;
		if (changed.length + gone.length === 0 && !users && cursor === this.#cursor) return "written";
		const id = myId(state);
		const written = await this.#keep.writeSnapshot(
			{
				me,
				cursor,
				...(users && { users: Object.values(state.users) }),
				rooms: changed.map((it) => keptOf(it, id, history(it))),
				gone,
			},
			all,
		);
		if (written === "written") {
			this.#rooms = new Map(list.map((it) => [it.room.id, it]));
			this.#histories = new Map(list.map((it) => [it.room.id, history(it)]));
			this.#users = state.users;
			this.#cursor = cursor;
		}
		return written;
	}
}
