/** The client: what a person can do, over the session, the connection and the state. */

import type { StoreApi } from "zustand";
import { Api } from "../../net/api";
import { Http } from "../../net/http";
import { newNonce } from "../../net/outbox";
import { Refused, refusal } from "../../net/refused";
import { type News, Session } from "../../net/session";
import type {
	Changed,
	Session as Login,
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
	SessionId,
	User,
	UserId,
} from "../../protocol";
import type { Client } from "../../state/client";
import { type Action, reduce } from "../../state/reducer";
import { type Chat, newStore } from "../../state/store";
import type { Draft, State } from "../../state/types";
import { Activity } from "./activity";
import { Desk } from "./desk";
import type { Host } from "./host";

/** Without a network, it is tried again whether somebody is logged in. */
const RESTORE_EVERY_MS = 10_000;

export class Engine implements Client, Host {
	readonly store: StoreApi<State>;
	readonly #session: Session;
	readonly #api: Api;
	readonly #activity: Activity;
	readonly #tab = newNonce();
	/** It may be ahead of what the store shows. */
	#state: State;
	#showing: ReturnType<typeof setTimeout> | undefined;
	#desk: Desk | null = null;
	/** The server told who this is, since they sat down. */
	#isSure = false;
	#restoring: ReturnType<typeof setTimeout> | undefined;

	constructor(store: StoreApi<State> = newStore(), http = new Http()) {
		this.store = store;
		this.#state = store.getState();
		this.#session = new Session(http, (news) => this.#heard(news), deviceName());
		this.#api = new Api(http, this.#session, () => this.#desk?.user ?? null);
		this.#activity = new Activity({
			idle: (idle) => this.#desk?.link.input({ type: "idle", idle }),
			network: (on) => {
				this.#desk?.link.input({ type: "network", on });
				if (on) this.#restoreNow();
			},
			awake: () => {
				// The server tells when a session ends, and not when another one begins.
				this.dispatch({ type: "sessions" });
				this.#desk?.link.input({ type: "now" });
				this.#desk?.outbox.pump();
				this.#restoreNow();
			},
			hidden: () => this.#desk?.hidden(),
		});
	}

	get state(): State {
		return this.#state;
	}

	dispatch(action: Action): void {
		this.#reduce(action);
		this.#show();
	}

	gather(action: Action, ms: number): void {
		this.#reduce(action);
		if (ms === 0) this.#show();
		else this.#showing ??= setTimeout(() => this.#show(), ms);
	}

	#reduce(action: Action): void {
		const before = this.#state;
		this.#state = reduce(before, action);
		if (this.#state !== before) this.#desk?.changed(before, this.#state);
	}

	#show(): void {
		clearTimeout(this.#showing);
		this.#showing = undefined;
		if (this.store.getState() !== this.#state) this.store.setState(this.#state, true);
	}

	/** Goes on where this browser was, with what is kept at first. */
	async start(): Promise<void> {
		const { remembered } = this.#session;
		await Promise.all([remembered && this.#sit(remembered, null), this.#restore()]);
	}

	/** Ends everything; the page goes on to nothing. */
	stop(): void {
		clearTimeout(this.#restoring);
		clearTimeout(this.#showing);
		this.#activity.stop();
		this.#desk?.stop();
		this.#desk = null;
		this.#session.close();
	}

	// Accounts

	async register(asked: {
		username: string;
		email: string;
		password: string;
		displayName?: string;
	}): Promise<Me> {
		await this.#session.register(asked);
		return this.#whoAmI();
	}

	async logIn(login: string, password: string): Promise<Me> {
		await this.#session.logIn({ login, password });
		return this.#whoAmI();
	}

	async logOut(): Promise<void> {
		const desk = this.#desk;
		this.#desk = null;
		// A disk that doesn't answer keeps nobody logged in.
		const wiped = desk?.wipe();
		await this.#session.logOut();
		// Unless somebody else has sat down.
		if (!this.#desk) this.dispatch({ type: "session", session: { at: "out" } });
		await wiped;
	}

	changePassword(current: string, next: string): Promise<void> {
		return this.#api.changePassword(current, next);
	}

	sessions(): Promise<Login[]> {
		return this.#api.sessions();
	}

	endSession(id: SessionId): Promise<void> {
		return this.#api.endSession(id);
	}

	endOtherSessions(): Promise<void> {
		return this.#api.endOtherSessions();
	}

	async setPresence(choice: PresenceChoice): Promise<void> {
		await this.#here().link.command({ type: "presence", choice });
		const { session } = this.state;
		if (session.at !== "in") return;
		const me = { ...session.me, presence: choice };
		this.dispatch({ type: "session", session: { ...session, me } });
	}

	// Conversations

	async createRoom(asked: { kind: RoomKind; name: string; description: string }): Promise<RoomId> {
		return this.#entered(await this.#api.createRoom(asked));
	}

	async changeRoom(
		id: RoomId,
		asked: { name?: string; description?: string; kind?: RoomKind },
	): Promise<void> {
		this.dispatch({ type: "details", details: await this.#api.changeRoom(id, asked) });
	}

	async deleteRoom(id: RoomId): Promise<void> {
		await this.#api.deleteRoom(id);
		this.dispatch({ type: "gone", room: id });
	}

	publicRooms(after?: RoomId): Promise<PublicRooms> {
		return this.#api.publicRooms(after);
	}

	roomDetails(id: RoomId): Promise<RoomDetails> {
		return this.#api.room(id);
	}

	async join(id: RoomId): Promise<void> {
		this.#entered(await this.#api.join(id));
	}

	async leave(id: RoomId): Promise<void> {
		await this.#api.leave(id);
		const me = this.state.rooms[id]?.me;
		// The event says the same, with a version; it may be a moment late.
		if (me?.state === "joined") await this.#desk?.listNow();
	}

	async openDirect(user: UserId): Promise<RoomId> {
		return this.#entered(await this.#api.openDirect(user));
	}

	loadMembers(id: RoomId): Promise<boolean> {
		return this.#here().members(id);
	}

	async addMember(room: RoomId, user: UserId): Promise<void> {
		this.dispatch({ type: "member", member: await this.#api.addMember(room, user) });
		this.wantUsers([user]);
	}

	removeMember(room: RoomId, user: UserId): Promise<void> {
		return this.#api.removeMember(room, user);
	}

	async setRole(room: RoomId, user: UserId, role: Role): Promise<void> {
		this.dispatch({ type: "member", member: await this.#api.setRole(room, user, role) });
	}

	// People

	async findUsers(prefix: string): Promise<User[]> {
		const known = Object.values(this.state.users).filter((user) => begins(user, prefix));
		const name = prefix.replace(/^@/, "");
		if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) || name.length < 3) return known;
		try {
			const exact = await this.#api.userByName(name);
			this.dispatch({ type: "users", users: [exact] });
			return known.some(({ id }) => id === exact.id) ? known : [exact, ...known];
		} catch (cause) {
			const refused = refusal(cause);
			if (refused.error.advice === "give_up" || refused.error.advice === "fix") return known;
			if (known.length > 0) return known;
			throw refused;
		}
	}

	async findMembers(room: RoomId, prefix: string): Promise<MemberEntry[]> {
		const it = this.state.rooms[room];
		if (it && !it.membersLoaded) await this.#desk?.members(room).catch(() => {});
		const { rooms, users } = this.state;
		return Object.values(rooms[room]?.members ?? {}).flatMap((member) => {
			const user = users[member.user_id];
			const fits = user && member.state === "joined" && begins(user, prefix);
			return fits ? [{ member, user }] : [];
		});
	}

	wantUsers(ids: readonly UserId[]): void {
		this.#desk?.people.want(ids);
	}

	watch(ids: readonly UserId[]): () => void {
		return this.#desk?.watch.add(ids) ?? (() => {});
	}

	// History

	open(room: RoomId): Promise<void> {
		return this.#withDesk((desk) => desk.openRoom(room));
	}

	loadBefore(room: RoomId): Promise<void> {
		return this.#withDesk((desk) => desk.history.before(room));
	}

	loadAfter(room: RoomId): Promise<void> {
		return this.#withDesk((desk) => desk.history.after(room));
	}

	async message(room: RoomId, message: MessageId): Promise<Message | null> {
		try {
			const { messages } = await this.#api.history(room, { around: message }, 1);
			return messages.find((it) => it.id === message) ?? null;
		} catch (error) {
			if (error instanceof Refused && error.error.code === "not_found") return null;
			throw error;
		}
	}

	jumpTo(room: RoomId, message: MessageId): Promise<void> {
		return this.#withDesk((desk) => desk.history.jumpTo(room, message));
	}

	backToLive(room: RoomId): void {
		this.dispatch({ type: "back_to_live", room });
	}

	// Messages

	send(room: RoomId, text: string, replyTo?: MessageId): Promise<void> {
		return this.#withDesk((desk) => desk.send(room, text, replyTo));
	}

	tryAgain(nonce: string): Promise<void> {
		return this.#withDesk((desk) => desk.outbox.tryAgain(nonce));
	}

	discard(nonce: string): Promise<void> {
		return this.#withDesk((desk) => desk.outbox.discard(nonce));
	}

	async edit(room_id: RoomId, message_id: MessageId, text: string): Promise<void> {
		await this.#command({ type: "edit", room_id, message_id, text });
	}

	async remove(room_id: RoomId, message_id: MessageId): Promise<void> {
		await this.#command({ type: "delete", room_id, message_id });
	}

	async react(room_id: RoomId, message_id: MessageId, emoji: string, on: boolean): Promise<void> {
		await this.#command({ type: "react", room_id, message_id, emoji, on });
	}

	read(room: RoomId, message: MessageId): void {
		this.#desk?.receipts.read(room, message);
	}

	seenBy(room: RoomId, message: MessageId): Promise<SeenBy> {
		return this.#api.seenBy(room, message);
	}

	typing(room: RoomId, on: boolean): void {
		this.#desk?.typing.set(room, on);
	}

	setDraft(room: RoomId, draft: Draft | null): void {
		this.#desk?.setDraft(room, draft);
	}

	reconnect(): void {
		this.#desk?.link.input({ type: "now" });
		this.#desk?.outbox.revive();
		this.#restoreNow();
	}

	// Who is logged in

	async #restore(): Promise<void> {
		clearTimeout(this.#restoring);
		this.#restoring = undefined;
		try {
			await this.#session.restore();
		} catch {
			// Nobody can say. What is kept is shown, if there is something.
			if (!this.#desk) this.dispatch({ type: "session", session: { at: "out" } });
			this.#restoring = setTimeout(() => void this.#restore(), RESTORE_EVERY_MS);
		}
	}

	#restoreNow(): void {
		if (this.#restoring !== undefined) void this.#restore();
	}

	#heard(news: News): void {
		if (news.type === "out") return this.#out(news.why);
		clearTimeout(this.#restoring);
		this.#restoring = undefined;
		if (news.type === "cookies_refused") {
			const { session } = this.state;
			if (session.at === "in") {
				this.dispatch({ type: "session", session: { ...session, cookies: "refused" } });
			}
			return;
		}
		const { user, token } = news;
		if (this.#desk?.user !== user.id) return void this.#sit(user.id, user);
		this.#desk.link.input({ type: "token", token });
		if (this.state.session.at === "in") this.#makeSure();
	}

	/** This person sits down, with what is kept of them. */
	async #sit(id: UserId, user: User | null): Promise<void> {
		this.#desk?.stop();
		this.#isSure = false;
		const desk = new Desk(id, this.#tab, this, this.#api, this.#session);
		this.#desk = desk;
		const open = await desk.open(user, this.#activity.idle);
		if (this.#desk !== desk) return;
		if (open) {
			if (this.#session.user) this.#makeSure();
			return;
		}
		// Nothing is kept; the server's answer tells who it is.
		desk.stop();
		this.#desk = null;
		const known = this.#session.user;
		if (known && !user) await this.#sit(known.id, known);
		else if (this.#restoring !== undefined) {
			this.dispatch({ type: "session", session: { at: "out" } });
		}
	}

	/** Asks once who it is; what is kept may be old. */
	#makeSure(): void {
		if (this.#isSure) return;
		this.#isSure = true;
		this.#whoAmI().catch(() => {
			this.#isSure = false;
		});
	}

	#out(why: "logged_out" | "ended" | "cookies_refused"): void {
		const desk = this.#desk;
		this.#desk = null;
		if (why === "logged_out") void desk?.wipe();
		else desk?.stop();
		this.dispatch({
			type: "session",
			session: why === "logged_out" ? { at: "out" } : { at: "out", reason: why },
		});
	}

	/** Asks the server, and takes it over. */
	async #whoAmI(): Promise<Me> {
		const me = await this.#api.me();
		const { session } = this.state;
		if (session.at === "in" && session.me.id === me.id) {
			this.dispatch({ type: "session", session: { ...session, me } });
		}
		return me;
	}

	#entered(details: RoomDetails): RoomId {
		this.dispatch({ type: "details", details });
		this.#desk?.list();
		this.wantUsers(details.room.people ?? []);
		return details.room.id;
	}

	#command(command: Parameters<Desk["link"]["command"]>[0]): Promise<Changed> {
		return this.#withDesk((desk) => desk.link.command<Changed>(command));
	}

	async #withDesk<T>(work: (desk: Desk) => Promise<T>): Promise<T> {
		return work(this.#here());
	}

	#here(): Desk {
		if (this.#desk) return this.#desk;
		throw new Refused({
			code: "unauthenticated",
			detail: "Nobody is logged in.",
			advice: "log_in",
		});
	}
}

function begins(user: User, prefix: string): boolean {
	const wanted = prefix.replace(/^@/, "").toLocaleLowerCase();
	const names = [user.username, user.display_name, ...user.display_name.split(/\s+/)];
	return names.some((name) => name.toLocaleLowerCase().startsWith(wanted));
}

/** A name for this device in the list of sessions. */
function deviceName(): string {
	const { userAgentData } = navigator as { userAgentData?: { platform?: string } };
	return userAgentData?.platform ?? "";
}

/** The same engine, whose methods may be taken out of it: each stays bound. */
function bound(engine: Engine): Engine {
	for (const [name, { value }] of Object.entries(methods)) {
		if (typeof value === "function")
			Object.defineProperty(engine, name, { value: value.bind(engine) });
	}
	return engine;
}

const methods = Object.getOwnPropertyDescriptors(Engine.prototype);

/** The store and the client, at work. */
export function startChat(): Chat {
	const engine = new Engine();
	void engine.start();
	return { store: engine.store, client: bound(engine) };
}
