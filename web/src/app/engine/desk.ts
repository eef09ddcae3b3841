/**
 * Everything that belongs to the person who is logged in: what is kept of them on this device, their
 * outbox, their connection. It ends when they log out.
 */

import type { Api } from "../../net/api";
import { Keep } from "../../net/keep";
import type { Draft, KeptUnsent } from "../../net/kept";
import { Link, type Reach } from "../../net/link";
import { Outbox } from "../../net/outbox";
import { Refused } from "../../net/refused";
import type { Session } from "../../net/session";
import { type Channel, channel } from "../../net/tabs";
import type { Event, Me, Reload, RoomId, Sent, User, UserId } from "../../protocol";
import type { State } from "../../state/types";
import { HistoryLoader } from "./history";
import type { Host } from "./host";
import { LookUp, peopleIn, Watch } from "./people";
import { Receipts } from "./receipts";
import { roomOf, SnapshotWriter } from "./snapshot";
import { Typing } from "./typing";

const LIST_AFTER_MS = 300;
const LIST_EVERY_MS = 2_000;
const DETAILS_AFTER_MS = 1_000;
const DRAFT_AFTER_MS = 300;
const TYPING_LOOK_MS = 1_000;
/** What was missed is shown this often while it is told. */
const CATCH_UP_MS = 100;

/** Who and how many are in a room may have changed. */
const CHANGES_MEMBERS = ["joined", "left", "added", "removed"];

type DraftTold = { room: RoomId; draft: Draft | null };

export class Desk {
	readonly user: UserId;
	readonly keep: Keep;
	readonly outbox: Outbox;
	readonly link: Link;
	readonly history: HistoryLoader;
	readonly people: LookUp;
	readonly watch: Watch;
	readonly receipts: Receipts;
	readonly typing: Typing;
	readonly #host: Host;
	readonly #api: Api;
	readonly #snapshot: SnapshotWriter;
	readonly #drafts: Channel<DraftTold>;
	readonly #unwritten = new Set<RoomId>();
	readonly #nextMembers = new Map<RoomId, UserId>();
	readonly #detailsOf = new Set<RoomId>();
	#cursor: string | null = null;
	/** The room that is looked at. */
	#current: RoomId | null = null;
	#listed = false;
	#listing: Promise<void> | null = null;
	#listAgain = false;
	/** As `performance.now`. */
	#listedAt = Number.NEGATIVE_INFINITY;
	#deletions = 0;
	#stopped = false;
	readonly #timers: Partial<Record<"list" | "details" | "draft" | "typing", Timer>> = {};

	constructor(user: UserId, tab: string, host: Host, api: Api, session: Session) {
		this.user = user;
		this.#host = host;
		this.#api = api;
		this.keep = new Keep(user, tab, (storage) => {
			if (this.#stopped) return;
			host.dispatch({ type: "storage", storage });
			if (storage === "ok") void this.outbox.load().then(() => this.outbox.pump());
		});
		this.link = new Link({
			token: (refused) => session.token(refused),
			call: (call) => api.call(call),
			poll: (query, signal) => api.poll(query, signal),
			event: (event) => this.#event(event),
			lost: () => {
				host.dispatch({ type: "lost" });
				this.#listed = false;
				this.#nextMembers.clear();
				this.history.lost();
			},
			cursor: (cursor) => {
				this.#cursor = cursor;
				this.#snapshot.soon();
			},
			caughtUp: () => this.#caughtUp(),
			reach: (reach) => this.#reach(reach),
			watched: () => this.watch.ids,
		});
		this.outbox = new Outbox(user, tab, this.keep, {
			transmit: (unsent, retry) => this.#transmit(unsent, retry),
			online: () => this.link.online,
			changed: (unsent) => host.dispatch({ type: "unsent", unsent }),
			acknowledged: (nonce, room, message) => {
				host.dispatch({ type: "acknowledged", nonce, room, message });
			},
			me: () => user,
		});
		this.people = new LookUp(host, api);
		this.history = new HistoryLoader(host, api, (ids) => this.people.want(ids));
		this.watch = new Watch(host, this.link);
		this.receipts = new Receipts(host, this.link);
		this.typing = new Typing(this.link);
		this.#snapshot = new SnapshotWriter(this.keep, () => ({
			state: host.state,
			cursor: this.#cursor,
			me: host.state.session.at === "in" ? host.state.session.me : null,
		}));
		this.#drafts = channel<DraftTold>(`starling-drafts-${user}`, ({ room, draft }) => {
			host.dispatch({ type: "draft", room, draft });
		});
	}

	/**
	 * Shows what is kept of this person, and connects. Without `user` somebody else's word is needed
	 * on who it is: `false` where nothing is kept that says so.
	 */
	async open(user: User | null, idle: boolean): Promise<boolean> {
		const [kept, drafts] = await Promise.all([this.keep.snapshot(), this.keep.drafts()]);
		const me = kept?.me ?? (user && provisional(user));
		if (!me || this.#stopped) return false;
		this.#host.dispatch({ type: "session", session: { at: "in", me } });
		this.#host.dispatch({ type: "storage", storage: this.keep.mode });
		this.#host.dispatch({
			type: "kept",
			users: kept?.users ?? [],
			rooms: kept?.rooms.map(roomOf) ?? [],
			drafts: Object.fromEntries(drafts.map(({ roomId, ...draft }) => [roomId, draft])),
		});
		for (const room of kept?.rooms ?? []) {
			if (room.live) this.#snapshot.opened(room.id);
			for (const { author_id, nonce } of room.messages) {
				if (author_id === me.id && nonce) this.outbox.seen(nonce);
			}
		}
		await this.outbox.load();
		if (this.#stopped) return false;
		this.#cursor = kept?.cursor ?? null;
		this.link.start(this.#cursor, idle);
		return true;
	}

	/** Leaves everything as it is on the device. */
	stop(): void {
		this.#stopped = true;
		this.link.stop();
		this.outbox.stop();
		this.#snapshot.stop();
		this.history.lost();
		this.people.stop();
		this.watch.stop();
		this.receipts.stop();
		this.typing.stop();
		const written = this.#writeDrafts();
		this.#drafts.close();
		for (const timer of Object.values(this.#timers)) clearTimeout(timer);
		void written.then(() => this.keep.close());
	}

	/** Nothing of this person stays on the device. */
	async wipe(): Promise<void> {
		this.#stopped = true;
		this.link.stop();
		this.outbox.stop();
		this.#snapshot.stop();
		this.#unwritten.clear();
		await this.keep.wipe();
		this.stop();
	}

	/** The page may never come back. */
	hidden(): void {
		void this.#snapshot.write();
		void this.#writeDrafts();
	}

	async openRoom(room: RoomId): Promise<void> {
		this.#current = room;
		this.#snapshot.opened(room);
		const it = this.#host.state.rooms[room];
		if (!it) await this.details(room);
		const known = this.#host.state.rooms[room];
		if (known?.me?.state !== "joined") return;
		const others = [
			known.memberCount === null && this.details(room),
			!known.membersLoaded && !this.#nextMembers.has(room) && this.members(room),
		];
		for (const other of others) if (other) other.catch(() => {});
		// Without a connection there is what there is; it is loaded as soon as there is one.
		await this.history.newest(room);
	}

	async details(room: RoomId): Promise<void> {
		const details = await this.#api.room(room);
		this.#host.dispatch({ type: "details", details });
		this.people.want(details.room.people ?? []);
	}

	/** The next page of members; whether there are more. */
	async members(room: RoomId): Promise<boolean> {
		const { members, next } = await this.#api.members(room, this.#nextMembers.get(room));
		if (next) this.#nextMembers.set(room, next);
		else this.#nextMembers.delete(room);
		this.#host.dispatch({ type: "members", room, entries: members, all: !next });
		return Boolean(next);
	}

	async send(room: RoomId, text: string, replyTo?: string): Promise<void> {
		this.typing.set(room, false);
		await this.outbox.add(room, text, replyTo);
	}

	setDraft(room: RoomId, draft: Draft | null): void {
		this.#host.dispatch({ type: "draft", room, draft });
		this.#unwritten.add(room);
		this.#timers.draft ??= setTimeout(() => void this.#writeDrafts(), DRAFT_AFTER_MS);
	}

	/** Loads the list of conversations soon. */
	list(): void {
		const wait = Math.max(LIST_AFTER_MS, this.#listedAt + LIST_EVERY_MS - performance.now());
		this.#timers.list ??= setTimeout(() => {
			delete this.#timers.list;
			void this.listNow();
		}, wait);
	}

	async listNow(): Promise<void> {
		if (this.#listing) {
			this.#listAgain = true;
			return this.#listing;
		}
		this.#listing = this.#loadList().finally(() => {
			this.#listing = null;
			this.#listedAt = performance.now();
			if (this.#listAgain && !this.#stopped) this.list();
			this.#listAgain = false;
		});
		return this.#listing;
	}

	/** The state has changed. */
	changed(before: State, after: State): void {
		if (before.rooms === after.rooms && before.users === after.users) return;
		this.#snapshot.soon();
		if (before.rooms === after.rooms) return;
		const doubtful = Object.values(after.rooms).some((it) => it.counted.doubtful);
		if (doubtful && this.link.online) this.list();
	}

	async #loadList(): Promise<void> {
		const before = this.#host.state.rooms;
		const deletions = this.#deletions;
		try {
			const { conversations } = await this.#api.conversations();
			if (this.#stopped) return;
			// It may count what has been deleted since.
			if (deletions !== this.#deletions) this.list();
			this.#host.dispatch({ type: "conversations", list: conversations });
			this.#listed = true;
			const { rooms } = this.#host.state;
			for (const { room, member, last_message } of conversations) {
				this.people.want([...(room.people ?? []), ...(last_message ? peopleIn(last_message) : [])]);
				const me = rooms[room.id]?.me;
				if (me?.read && me.read > (member.read ?? "")) this.receipts.owe(room.id, me.read);
				this.receipts.arrived(room.id);
			}
			const listed = new Set(conversations.map(({ room }) => room.id));
			const missing = Object.keys(before).filter((id) => {
				const it = rooms[id];
				return it?.me?.state === "joined" && !it.room.deleted && !listed.has(id);
			});
			await Promise.all(missing.map((id) => this.#lookAgain(id)));
		} catch (cause) {
			// The next connection does it otherwise.
			if (this.link.online && !isFinal(cause)) this.list();
		}
	}

	/** One was in this room, and the list doesn't have it. */
	async #lookAgain(room: RoomId): Promise<void> {
		try {
			const details = await this.#api.room(room);
			if (details.member) this.#host.dispatch({ type: "details", details });
			else this.#host.dispatch({ type: "gone", room });
		} catch (cause) {
			if (isFinal(cause)) this.#host.dispatch({ type: "gone", room });
		}
	}

	#event(event: Event | Reload): void {
		const before = this.#host.state;
		const now = Date.now();
		this.#host.gather({ type: "event", event, now }, this.link.online ? 0 : CATCH_UP_MS);
		switch (event.type) {
			case "message": {
				const { message, room_id } = event;
				this.people.want(peopleIn(message));
				if (message.deleted) this.#deletions += 1;
				if (message.author_id === this.user) {
					if (message.nonce) this.outbox.seen(message.nonce);
				} else {
					this.receipts.arrived(room_id);
				}
				if (!before.rooms[room_id]) this.list();
				const { system } = message;
				if (system && CHANGES_MEMBERS.includes(system.event)) this.#detailsSoon(room_id);
				return;
			}
			case "reaction":
				return this.people.want(event.reactions.flatMap(({ users }) => users));
			case "room":
				this.people.want(event.room.people ?? []);
				if (!before.rooms[event.room.id]) this.list();
				return;
			case "member": {
				const { room_id, user_id, state } = event.member;
				if (state === "joined") this.people.want([user_id]);
				const known = before.rooms[room_id];
				const isBack = user_id === this.user && known?.me?.state !== state;
				if (state === "joined" && (!known || isBack)) this.list();
				if (isBack && known && room_id === this.#current) this.#freshen();
				return;
			}
			case "typing":
				this.people.want([event.user_id]);
				return this.#lookAtTyping();
			case "reload":
				if (!event.room_id) this.#listed = false;
				this.#nextMembers.clear();
				this.history.lost();
				// During the catching up, the rest follows first.
				if (this.link.online) this.#catchUpOverHttp();
		}
	}

	#caughtUp(): void {
		this.#host.dispatch({ type: "sessions" });
		this.watch.sayAgain();
		this.#catchUpOverHttp();
		void this.people.ask();
	}

	/** What the events left open. */
	#catchUpOverHttp(): void {
		if (this.#listed) {
			if (Object.values(this.#host.state.rooms).some((it) => it.stale)) this.list();
		} else {
			void this.listNow();
		}
		this.#freshen();
	}

	/** The room that is looked at is loaded, where it isn't, or doesn't hold any more. */
	#freshen(): void {
		if (this.#current === null) return;
		const it = this.#host.state.rooms[this.#current];
		if (it && (!it.live || it.stale)) this.openRoom(this.#current).catch(() => {});
	}

	#reach(reach: Reach): void {
		if (this.#stopped) return;
		this.#host.dispatch({ type: "connection", connection: reach });
		if (reach.at !== "online") return;
		this.outbox.revive();
		this.receipts.revive();
		this.#freshen();
		if (!this.#listed) void this.listNow();
	}

	#transmit(unsent: KeptUnsent, retry: boolean): Promise<Sent> {
		const { nonce, roomId: room_id, text, replyTo } = unsent;
		const command = {
			type: "send",
			room_id,
			nonce,
			text,
			...(replyTo !== undefined && { reply_to: replyTo }),
			...(retry && { retry }),
		} as const;
		return this.link.command<Sent>(command, 0);
	}

	#detailsSoon(room: RoomId): void {
		const it = this.#host.state.rooms[room];
		if (!it || it.memberCount === null) return;
		this.#detailsOf.add(room);
		this.#timers.details ??= setTimeout(() => {
			delete this.#timers.details;
			for (const id of this.#detailsOf) this.details(id).catch(() => {});
			this.#detailsOf.clear();
		}, DETAILS_AFTER_MS);
	}

	#lookAtTyping(): void {
		this.#timers.typing ??= setTimeout(() => {
			delete this.#timers.typing;
			this.#host.dispatch({ type: "time", now: Date.now() });
			const { rooms } = this.#host.state;
			if (Object.values(rooms).some((it) => Object.keys(it.typing).length > 0)) {
				this.#lookAtTyping();
			}
		}, TYPING_LOOK_MS);
	}

	async #writeDrafts(): Promise<void> {
		clearTimeout(this.#timers.draft);
		delete this.#timers.draft;
		const writes = [...this.#unwritten].map((room) => {
			const draft = this.#host.state.drafts[room] ?? null;
			this.#drafts.say({ room, draft });
			if (draft) return this.keep.putDraft({ ...draft, roomId: room });
			return this.keep.deleteDraft(room);
		});
		this.#unwritten.clear();
		await Promise.all(writes);
	}
}

type Timer = ReturnType<typeof setTimeout>;

/** Until the server tells the rest. */
function provisional(user: User): Me {
	return { ...user, email: "", presence: "auto" };
}

function isFinal(cause: unknown): boolean {
	const advice = cause instanceof Refused ? cause.error.advice : "retry";
	return advice === "give_up" || advice === "fix";
}
