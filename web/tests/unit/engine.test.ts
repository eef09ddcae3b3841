import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Engine, startChat } from "../../src/app/engine/engine";
import { Keep } from "../../src/net/keep";
import type { Command, Event, ServerFrame } from "../../src/protocol";
import { conversations, unread } from "../../src/state/selectors";
import { newStore } from "../../src/state/store";
import { freshBrowser, until } from "./browser";
import { type Answer, FakeServer, ok, problem, type Request } from "./fakeServer";
import { ME, ServerRoom, userOf } from "./model";

/** One server, with one person and one room, and the sockets to it. */
class World {
	readonly server = new FakeServer();
	readonly room = new ServerRoom();
	readonly sockets: Socket[] = [];
	readonly commands: Command[] = [];
	refuseSockets = false;
	resumed = true;
	refuseNext: Command["type"] | null = null;
	#tokens = 0;
	#cursor = 0;
	#loggedIn = false;

	constructor() {
		this.server.answer = (request) => this.#answer(request);
		const world = this;
		vi.stubGlobal(
			"WebSocket",
			class extends Socket {
				constructor() {
					super(world);
				}
			},
		);
	}

	cursor(): string {
		this.#cursor += 1;
		return `c${this.#cursor}`;
	}

	tell(event: Event | ServerFrame): void {
		for (const socket of this.sockets) socket.say(event);
	}

	heartbeat(): void {
		this.tell({ type: "heartbeat", cursor: this.cursor() });
	}

	take(socket: Socket, command: Command): void {
		this.commands.push(command);
		const { id = 0 } = command;
		switch (command.type) {
			case "heartbeat":
				return;
			case "hello":
				socket.say({
					type: "ok",
					id,
					data: {
						user_id: ME,
						session_id: "s",
						resumed: this.resumed,
						heartbeat_s: 25,
						silence_limit_s: 65,
						now: 0,
					},
				});
				return socket.say({ type: "caught_up", cursor: this.cursor() });
			case "send": {
				const told = this.room.post(ME, command.nonce);
				this.tell(told);
				const message_id = told.type === "message" ? told.message.id : "";
				return socket.say({ type: "ok", id, data: { message_id, duplicate: false } });
			}
			default:
				if (command.type === this.refuseNext) {
					this.refuseNext = null;
					const error = { code: "unauthenticated", detail: "", advice: "log_in" } as const;
					return socket.say({ type: "error", id, error });
				}
				return socket.say({ type: "ok", id, data: null });
		}
	}

	said(type: Command["type"]): Command[] {
		return this.commands.filter((it) => it.type === type);
	}

	#answer({ method, path, query }: Request): Answer {
		const what = path.replace("/api/v1", "");
		if (what === "/auth/login" || what === "/auth/refresh") {
			if (what.endsWith("login")) this.#loggedIn = true;
			if (!this.#loggedIn) return problem(401, "unauthenticated", "log_in");
			this.#tokens += 1;
			return ok({
				access_token: `a${this.#tokens}`,
				expires_in_s: 600,
				session: {},
				user: userOf(ME),
			});
		}
		if (what === "/auth/logout") return ok();
		if (what === "/me") return ok({ ...userOf(ME), email: "me@example.org", presence: "auto" });
		if (what === "/rooms") return ok({ conversations: [this.room.conversation()] });
		if (what === "/rooms/room") {
			return ok({ room: this.room.room, member: this.room.members.get(ME), member_count: 3 });
		}
		if (what === "/rooms/room/members") {
			const members = [...this.room.members.values()];
			return ok({ members: members.map((member) => ({ member, user: userOf(member.user_id) })) });
		}
		if (what === "/rooms/room/messages" && method === "GET") {
			const [before, after, around] = ["before", "after", "around"].map((it) => query.get(it));
			const limit = Number(query.get("limit"));
			const part = before ? { before } : after ? { after } : around ? { around } : null;
			return ok(this.room.history(part ?? { newest: true }, limit));
		}
		if (what === "/users") {
			return ok((query.get("ids") ?? "").split(",").map(userOf));
		}
		return problem(404, "not_found", "give_up");
	}
}

class Socket {
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: ((event: { code: number }) => void) | null = null;
	#open = false;

	constructor(readonly world: World) {
		setTimeout(() => {
			if (world.refuseSockets) return this.onclose?.({ code: 1006 });
			this.#open = true;
			world.sockets.push(this);
			this.onopen?.();
		}, 1);
	}

	send(text: string): void {
		if (this.#open) this.world.take(this, JSON.parse(text));
	}

	say(frame: ServerFrame | Event): void {
		if (this.#open) queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(frame) }));
	}

	close(): void {
		this.#open = false;
		this.world.sockets.splice(this.world.sockets.indexOf(this), 1);
	}

	cut(code = 1006): void {
		this.close();
		this.onclose?.({ code });
	}
}

let engines: Engine[] = [];
beforeEach(() => freshBrowser());
afterEach(() => {
	for (const engine of engines) engine.stop();
	engines = [];
	vi.unstubAllGlobals();
});

function start(world: World): Engine {
	const engine = new Engine(newStore(), world.server.http);
	engines.push(engine);
	void engine.start();
	return engine;
}

async function loggedIn(world: World): Promise<Engine> {
	const engine = start(world);
	await until(() => engine.state.session.at === "out");
	await engine.logIn("me", "password");
	await until(() => engine.state.connection.at === "online" && engine.state.conversationsLoaded);
	return engine;
}

const room = (engine: Engine) => engine.state.rooms.room;

describe("the client", () => {
	test("loads the list once it is connected, and not before", async () => {
		const world = new World();
		world.room.post("ann");
		const engine = await loggedIn(world);
		const paths = world.server.requests.map((it) => it.path);
		expect(paths.indexOf("/api/v1/rooms")).toBeGreaterThan(paths.indexOf("/api/v1/auth/login"));
		expect(conversations(engine.state).map((it) => it.room.id)).toEqual(["room"]);
		expect(unread(room(engine) as never, ME)).toBe(1);
		await until(() => engine.state.users.ann !== undefined);
	});

	test("opens a room, and what happens is in it at once", async () => {
		const world = new World();
		world.room.post("ann");
		const engine = await loggedIn(world);
		await engine.open("room");
		world.tell(world.room.post("bob"));
		await until(() => room(engine)?.live?.ids.length === 2);
		expect(room(engine)?.live?.ids).toEqual(world.room.ids);
		await until(() => room(engine)?.membersLoaded === true);
	});

	test("sends once, and shows it once", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		await engine.open("room");
		const shown: number[] = [];
		engine.store.subscribe((state) => {
			shown.push(state.unsent.length + (state.rooms.room?.live?.ids.length ?? 0));
		});
		await engine.send("room", "hello");
		await until(() => room(engine)?.live?.ids.length === 1 && engine.state.unsent.length === 0);
		await until(() => room(engine)?.live?.ids.length === 1);
		expect(new Set(shown.filter((it) => it > 0))).toEqual(new Set([1]));
		expect(world.said("send")).toHaveLength(1);
	});

	test("comes back with its cursor when the connection breaks, and keeps what it shows", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		await engine.open("room");
		world.heartbeat();
		await new Promise((done) => setTimeout(done, 5));
		const before = room(engine)?.live;
		const history = world.server.count("/messages");
		world.sockets[0]?.cut();
		expect(engine.state.connection.at).toBe("connecting");
		engine.reconnect();
		await until(() => engine.state.connection.at === "online");
		expect(world.said("hello").at(-1)).toMatchObject({ cursor: "c2" });
		expect(room(engine)?.live).toBe(before);
		expect(world.server.count("/messages")).toBe(history);
	});

	test("loads everything again when nobody knows what was missed", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		world.room.post("ann");
		await engine.open("room");
		world.sockets[0]?.cut();
		for (let n = 0; n < 300; n += 1) world.room.post("bob");
		world.resumed = false;
		engine.reconnect();
		await until(() => room(engine)?.stale === false && room(engine)?.live?.ids.length === 301);
		expect(room(engine)?.live?.ids).toEqual(world.room.ids);
		await until(() => unread(room(engine) as never, ME) === 301);
	});

	test("compares all that is loaded after too much was missed, and moves nothing", async () => {
		const world = new World();
		for (let n = 0; n < 900; n += 1) world.room.post("ann");
		const engine = await loggedIn(world);
		await engine.open("room");
		while (room(engine)?.live?.moreBefore) await engine.loadBefore("room");
		const before = room(engine)?.live?.ids;
		const old = before?.[3] ?? "";
		world.room.edit(3);
		for (let n = 0; n < 250; n += 1) world.room.post("bob");
		world.tell({ type: "reload", room_id: "room" });
		await until(() => room(engine)?.messages.get(old)?.edited_at === 1);
		expect(room(engine)?.live?.ids).toEqual(world.room.ids);
		expect(room(engine)?.live?.ids.slice(0, 900)).toEqual(before);
	});

	test("begins with what it has, before and without the server", async () => {
		const world = new World();
		world.room.post("ann");
		const first = await loggedIn(world);
		await first.open("room");
		await first.setDraft("room", { text: "unfinished" });
		await new Promise((done) => setTimeout(done, 600));
		first.stop();
		world.room.post("bob");
		world.server.answer = () => "no network";
		world.refuseSockets = true;

		const second = start(world);
		await until(() => second.state.session.at === "in" && room(second) !== undefined);
		expect(room(second)?.live?.ids).toHaveLength(1);
		expect(second.state.drafts.room?.text).toBe("unfinished");
		await second.send("room", "written offline");
		expect(second.state.unsent).toMatchObject([{ text: "written offline", status: "waiting" }]);
	});

	test("asks for a log-in where nothing is kept, and goes on when the server answers", async () => {
		const world = new World();
		(await loggedIn(world)).stop();
		const { answer } = world.server;
		world.server.answer = () => "no network";
		vi.stubGlobal("indexedDB", new IDBFactory());
		const second = start(world);
		await until(() => second.state.session.at === "out");
		world.server.answer = answer;
		second.reconnect();
		await until(() => second.state.session.at === "in" && second.state.conversationsLoaded);
	});

	test("learns of a room that it does not know", async () => {
		const world = new World();
		await loggedIn(world);
		const lists = world.server.count("/rooms");
		world.tell({ type: "room", room: { ...world.room.room, id: "another" } });
		await until(() => world.server.count("/rooms") > lists);
	});

	test("says that one has read something once, and counts it at once", async () => {
		const world = new World();
		world.room.post("ann");
		world.room.post("bob");
		const engine = await loggedIn(world);
		await engine.open("room");
		for (const id of world.room.ids) engine.read("room", id);
		expect(unread(room(engine) as never, ME)).toBe(0);
		await until(() => world.said("read").length > 0);
		expect(world.said("read")).toMatchObject([{ message_id: world.room.ids.at(-1) }]);
	});

	test("watches the union of what is wanted, and says it again to a new connection", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		const off = engine.watch(["ann"]);
		engine.watch(["ann", "bob"]);
		await until(() => world.said("watch").length === 1);
		expect(world.said("watch")[0]).toMatchObject({ user_ids: ["ann", "bob"] });
		off();
		world.sockets[0]?.cut();
		engine.reconnect();
		await until(() => world.said("watch").length === 2);
	});

	test("gives the socket a new token where the old one ran out, and asks again", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		world.refuseNext = "edit";
		await engine.edit("room", "m", "better");
		expect(world.said("edit")).toHaveLength(2);
		const types = world.commands.map((it) => it.type);
		expect(types.indexOf("renew")).toBeGreaterThan(types.indexOf("edit"));
		expect(types.lastIndexOf("edit")).toBeGreaterThan(types.indexOf("renew"));
	});

	test("may have its methods taken out of it", async () => {
		vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
		const { store, client } = startChat();
		const { findUsers } = client;
		expect(await findUsers("x")).toEqual([]);
		expect(client.findUsers).toBe(findUsers);
		expect(store.getState().users).toEqual({});
		(client as Engine).stop();
	});

	test("forgets everything at the log-out", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		await engine.send("room", "hello");
		await engine.logOut();
		expect(engine.state.session).toEqual({ at: "out" });
		expect(engine.state.rooms).toEqual({});
		await until(async () => (await indexedDB.databases()).length === 0);
		expect(localStorage.length).toBe(0);
	});

	test("logs out although the disk does not answer", async () => {
		const world = new World();
		const engine = await loggedIn(world);
		const wipe = vi.spyOn(Keep.prototype, "wipe").mockReturnValue(new Promise(() => {}));
		void engine.logOut();
		await until(() => engine.state.session.at === "out");
		expect(world.server.count("/logout")).toBe(1);
		wipe.mockRestore();
	});

	test("refuses what nobody may do who is not logged in", async () => {
		const engine = start(new World());
		await expect(engine.send("room", "hello")).rejects.toMatchObject({
			error: { code: "unauthenticated", advice: "log_in" },
		});
	});
});
