/**
 * IndexedDB: a database for each person. Where the browser gives none, or no more, the client goes on
 * in memory, and `mode` says so.
 *
 * The snapshot is of one tab's making: each writing is one transaction with the cursor in it, and a
 * tab that finds that another one wrote last writes everything. So what is kept never lacks anything
 * that its cursor covers.
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Me, User, UserId } from "../protocol";
import type { KeptDraft, KeptRoom, KeptUnsent, Snapshot, SnapshotChange } from "./kept";
import type { Claims } from "./tabs";

export type Mode = "ok" | "memory" | "full";

interface Schema extends DBSchema {
	outbox: { key: string; value: KeptUnsent };
	drafts: { key: string; value: KeptDraft };
	rooms: { key: string; value: KeptRoom };
	/** `me`, `cursor`, `users`, `writer`, and claims. */
	meta: { key: string; value: unknown };
}

type Store = "outbox" | "drafts" | "rooms" | "meta";
type Database = IDBPDatabase<Schema>;

const VERSION = 1;
/** What was done needed no room. */
const NOTHING = Symbol("nothing was stored");
const LONGEST_CLAIM_MS = 60_000;
/** A browser that doesn't answer has none, as far as we are concerned. */
const OPEN_WITHIN_MS = 3_000;

const nameOf = (user: UserId) => `starling-${user}`;

export class Keep implements Claims {
	readonly #user: UserId;
	readonly #tab: string;
	readonly #changed: (mode: Mode) => void;
	#database: Promise<Database | null>;
	#mode: Mode = "ok";
	#closed = false;
	#replaced = false;

	constructor(user: UserId, tab: string, changed: (mode: Mode) => void) {
		this.#user = user;
		this.#tab = tab;
		this.#changed = changed;
		this.#database = this.#open();
	}

	get mode(): Mode {
		return this.#mode;
	}

	/** `null`: the disk doesn't answer. */
	async unsent(): Promise<KeptUnsent[] | null> {
		const all = await this.#read((it) => it.getAll("outbox"));
		return all && all.sort((a, b) => a.writtenAt - b.writtenAt);
	}

	/** It was deleted while it was open: that something is not there any more means nothing. */
	get replaced(): boolean {
		return this.#replaced;
	}

	/** Whether it is on the disk. */
	putUnsent(unsent: KeptUnsent): Promise<boolean> {
		return this.#write(async (it) => {
			const tx = it.transaction("outbox", "readwrite", { durability: "strict" });
			await Promise.all([tx.store.put(unsent), tx.done]);
		});
	}

	/**
	 * Changes one that is there; one that is gone stays gone. What it was before: `null` where it is
	 * gone, `undefined` where the disk doesn't answer.
	 */
	async changeUnsent(
		nonce: string,
		change: (it: KeptUnsent) => KeptUnsent,
	): Promise<KeptUnsent | null | undefined> {
		let found: KeptUnsent | null = null;
		const written = await this.#write(async (it) => {
			const tx = it.transaction("outbox", "readwrite", { durability: "strict" });
			const unsent = await tx.store.get(nonce);
			found = unsent ?? null;
			await Promise.all([unsent && tx.store.put(change(unsent)), tx.done]);
			return found ? undefined : NOTHING;
		});
		return written ? (found ?? (this.#replaced ? undefined : null)) : undefined;
	}

	deleteUnsent(nonce: string): Promise<boolean> {
		return this.#write((it) => it.delete("outbox", nonce).then(() => NOTHING));
	}

	async drafts(): Promise<KeptDraft[]> {
		return (await this.#read((it) => it.getAll("drafts"))) ?? [];
	}

	putDraft(draft: KeptDraft): Promise<boolean> {
		return this.#write((it) => it.put("drafts", draft).then(() => {}));
	}

	deleteDraft(room: string): Promise<boolean> {
		return this.#write((it) => it.delete("drafts", room).then(() => NOTHING));
	}

	async snapshot(): Promise<Snapshot | null> {
		const read = await this.#read(async (it) => {
			const tx = it.transaction(["rooms", "meta"]);
			const meta = tx.objectStore("meta");
			const [me, cursor, users, rooms] = await Promise.all([
				meta.get("me") as Promise<Me | undefined>,
				meta.get("cursor") as Promise<string | undefined>,
				meta.get("users") as Promise<User[] | undefined>,
				tx.objectStore("rooms").getAll(),
			]);
			return me && cursor !== undefined ? { me, cursor, users: users ?? [], rooms } : null;
		});
		return read ?? null;
	}

	/**
	 * Writes what changed, if this tab wrote last. Otherwise it writes nothing and answers
	 * `not_mine`: `all` has to be given then, which replaces what is there.
	 */
	async writeSnapshot(
		change: SnapshotChange,
		all: boolean,
	): Promise<"written" | "not_mine" | "lost"> {
		let mine = true;
		const written = await this.#write(
			async (it) => {
				const tx = it.transaction(["rooms", "meta"], "readwrite");
				const rooms = tx.objectStore("rooms");
				const meta = tx.objectStore("meta");
				mine = all || (await meta.get("writer")) === this.#tab;
				if (mine) {
					if (all) await rooms.clear();
					for (const id of change.gone) void rooms.delete(id);
					for (const room of change.rooms) void rooms.put(room);
					if (change.users) void meta.put(change.users, "users");
					void meta.put(change.me, "me");
					void meta.put(this.#tab, "writer");
					void meta.put(change.cursor, "cursor");
				}
				await tx.done;
				return mine ? undefined : NOTHING;
			},
			{ matters: false },
		);
		if (!written) return "lost";
		return mine ? "written" : "not_mine";
	}

	async claim(name: string, tab: string, forMs: number): Promise<boolean> {
		let has = true;
		await this.#write(async (it) => {
			const tx = it.transaction("meta", "readwrite");
			const before = (await tx.store.get(`claim ${name}`)) as
				| { tab: string; until: number }
				| undefined;
			const now = Date.now();
			// One that lasts longer than it may was made before the clock was set back.
			const holds = before && before.until >= now && before.until <= now + LONGEST_CLAIM_MS;
			has = !holds || before.tab === tab;
			if (has) void tx.store.put({ tab, until: now + forMs }, `claim ${name}`);
			await tx.done;
		});
		return has;
	}

	/** Forgets all of it. Other tabs that have it open find it empty. */
	async wipe(): Promise<void> {
		await this.#write(
			async (it) => {
				const stores: Store[] = ["outbox", "drafts", "rooms", "meta"];
				const tx = it.transaction(stores, "readwrite", { durability: "strict" });
				await Promise.all([...stores.map((store) => tx.objectStore(store).clear()), tx.done]);
			},
			{ matters: false },
		);
		await this.close();
		try {
			indexedDB.deleteDatabase(nameOf(this.#user));
		} catch {
			// It is empty.
		}
	}

	async close(): Promise<void> {
		this.#closed = true;
		(await this.#database)?.close();
	}

	async #open(): Promise<Database | null> {
		let late = false;
		const opening = this.#openNow();
		// It is taken nevertheless, when it comes.
		const adopt = (database: Database) => {
			if (!late) return;
			if (this.#closed) return database.close();
			this.#database = Promise.resolve(database);
			this.#say("ok");
		};
		opening.then(adopt, () => {});
		const timeout = new Promise<null>((done) => {
			setTimeout(() => done(null), OPEN_WITHIN_MS);
		});
		try {
			const database = await Promise.race([opening, timeout]);
			late = database === null;
			if (!database) this.#say("memory");
			return database;
		} catch {
			this.#say("memory");
			return null;
		}
	}

	async #openNow(): Promise<Database> {
		return openDB<Schema>(nameOf(this.#user), VERSION, {
			upgrade(database) {
				database.createObjectStore("outbox", { keyPath: "nonce" });
				database.createObjectStore("drafts", { keyPath: "roomId" });
				database.createObjectStore("rooms", { keyPath: "id" });
				database.createObjectStore("meta");
			},
			// A tab that forgets everything, or has a newer version.
			blocking: (_from, to, event) => {
				this.#replaced ||= to === null;
				(event.target as IDBDatabase).close();
			},
			terminated: () => {
				this.#replaced = true;
				if (!this.#closed) this.#database = this.#open();
			},
		});
	}

	async #read<T>(work: (database: Database) => Promise<T>): Promise<T | null> {
		const database = await this.#database;
		if (!database || this.#closed) return null;
		try {
			return await work(database).catch(async () => work(await this.#reopened(database)));
		} catch {
			return null;
		}
	}

	/**
	 * `matters`: what can't be written is worth more than the snapshot, which makes room for it.
	 * Work that stored `NOTHING` says nothing of the disk: it succeeds on a full one as well.
	 */
	async #write(
		work: (database: Database) => Promise<void | typeof NOTHING>,
		{ matters = true } = {},
	): Promise<boolean> {
		const database = await this.#database;
		if (!database || this.#closed) return false;
		try {
			if ((await work(database)) !== NOTHING) this.#say("ok");
			return true;
		} catch (cause) {
			if (!matters) return false;
			try {
				if (isQuota(cause)) await makeRoom(database);
				await work(await this.#reopened(database));
				this.#say("ok");
				return true;
			} catch (again) {
				this.#say(isQuota(again) ? "full" : "memory");
				return false;
			}
		}
	}

	/** The browser may have closed it. */
	async #reopened(database: Database): Promise<Database> {
		try {
			database.transaction("meta");
			return database;
		} catch {
			this.#database = this.#open();
			return (await this.#database) ?? database;
		}
	}

	#say(mode: Mode): void {
		if (mode === this.#mode || this.#closed) return;
		this.#mode = mode;
		this.#changed(mode);
	}
}

async function makeRoom(database: Database): Promise<void> {
	const tx = database.transaction(["rooms", "meta"], "readwrite");
	await tx.objectStore("rooms").clear();
	await tx.objectStore("meta").delete("cursor");
	// So the next snapshot is a whole one.
	await tx.objectStore("meta").delete("writer");
	await tx.done;
}

function isQuota(cause: unknown): boolean {
	return cause instanceof DOMException && cause.name === "QuotaExceededError";
}
