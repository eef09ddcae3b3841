/**
 * What was written here and is not known to be stored. It is on the disk before anything goes out;
 * one tab sends it, oldest first in each room, one at a time in each room; and it goes out once.
 */

import type { ErrorBody, Message, MessageId, RoomId, Sent } from "../protocol";
import { backoffMs } from "./backoff";
import type { Keep } from "./keep";
import type { KeptUnsent } from "./kept";
import { refusal } from "./refused";
import { type Channel, channel, type Lead, lead } from "./tabs";

export interface Waiting {
	nonce: string;
	roomId: RoomId;
	text: string;
	replyTo?: MessageId;
	writtenAt: number;
	tried: boolean;
	status: "waiting" | "sending" | "failed";
	error?: ErrorBody;
}

export interface Ends {
	/** Sends it over whatever connection there is. Rejects with `Refused`. */
	transmit(unsent: KeptUnsent, retry: boolean): Promise<Sent>;
	/** Whether there is a connection. */
	online(): boolean;
	changed(all: Waiting[]): void;
	/** It is stored. */
	acknowledged(nonce: string, roomId: RoomId, message: Message): void;
	me(): string;
}

type Told =
	| { type: "changed" }
	/** The tab that sends is at it. */
	| { type: "alive" }
	| { type: "gone"; nonce: string }
	| { type: "stored"; nonce: string; roomId: RoomId; message: Message };

/** The server remembers a nonce for three days. After that, a second attempt might be a second message. */
export const NONCE_LIVES_MS = 3 * 24 * 3_600_000 - 3_600_000;
/** The tab that sends says so this often, while something waits. */
const ALIVE_MS = 1_500;
/** One that says nothing for so long is replaced. */
const PATIENCE_MS = 4_000;

export class Outbox {
	readonly #keep: Keep;
	readonly #ends: Ends;
	readonly #channel: Channel<Told>;
	readonly #lead: Lead;
	#leads = false;
	#mayLead = false;
	#stopped = false;
	#all = new Map<string, KeptUnsent>();
	/** Known to be stored, or thrown away: what the disk may still say of them is old. */
	readonly #over = new Set<string>();
	/** In memory, and not on the disk: not yet, or it takes no more. */
	readonly #loose = new Set<string>();
	/** Those that the disk did not take. No other tab knows them. */
	readonly #own = new Set<string>();
	/** Under way to the disk. */
	readonly #writes = new Set<Promise<unknown>>();
	/** What a disk lost that was deleted meanwhile was written again. */
	#rewritten = false;
	/** Counts what changes in memory before it changes on the disk. */
	#edits = 0;
	readonly #underWay = new Map<RoomId, string>();
	/** By the clock that nobody sets, as `performance.now`. */
	readonly #notBefore = new Map<RoomId, number>();
	readonly #failures = new Map<RoomId, number>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#watchdog: ReturnType<typeof setTimeout> | undefined;
	#alive: ReturnType<typeof setTimeout> | undefined;
	#heardAt = 0;

	constructor(user: string, tab: string, keep: Keep, ends: Ends) {
		this.#keep = keep;
		this.#ends = ends;
		const name = `starling-outbox-${user}`;
		this.#channel = channel<Told>(name, (told) => this.#heard(told));
		this.#lead = lead(name, tab, keep, (leads) => {
			this.#mayLead = leads;
			if (!leads) this.#leads = false;
			else void this.#takeOver();
		});
	}

	stop(): void {
		this.#stopped = true;
		this.#lead.stop();
		this.#channel.close();
		clearTimeout(this.#timer);
		clearTimeout(this.#watchdog);
		clearTimeout(this.#alive);
	}

	/** Reads what is on the disk. */
	async load(): Promise<void> {
		let kept: KeptUnsent[] | null;
		let edits: number;
		do {
			edits = this.#edits;
			await Promise.allSettled([...this.#writes]);
			kept = await this.#keep.unsent();
			if (this.#stopped) return;
		} while (edits !== this.#edits);
		const all = new Map<string, KeptUnsent>();
		for (const unsent of kept ?? []) {
			if (this.#over.has(unsent.nonce)) void this.#delete(unsent.nonce);
			else all.set(unsent.nonce, unsent);
		}
		const lost = kept === null || this.#keep.replaced;
		this.#rewritten = this.#keep.replaced;
		for (const [nonce, unsent] of this.#all) {
			if (this.#loose.has(nonce)) all.set(nonce, unsent);
			else if (lost && !all.has(nonce)) {
				// Whether another tab has tried it, nobody can say any more.
				all.set(nonce, { ...unsent, triedAt: unsent.triedAt ?? Date.now() });
				this.#loose.add(nonce);
				this.#own.add(nonce);
			}
		}
		this.#all = new Map([...all].sort(([, a], [, b]) => a.writtenAt - b.writtenAt));
		this.#tell();
		for (const unsent of this.#all.values()) {
			if (this.#own.has(unsent.nonce)) void this.#toDisk(unsent);
		}
	}

	/** Resolves when it is on the disk, or can't be. */
	async add(roomId: RoomId, text: string, replyTo?: MessageId): Promise<void> {
		const last = Math.max(0, ...[...this.#all.values()].map((it) => it.writtenAt));
		const unsent: KeptUnsent = {
			nonce: newNonce(),
			roomId,
			text,
			...(replyTo !== undefined && { replyTo }),
			writtenAt: Math.max(Date.now(), last + 1),
		};
		this.#loose.add(unsent.nonce);
		this.#put(unsent);
		this.#tell();
		await this.#toDisk(unsent);
		this.pump();
	}

	async tryAgain(nonce: string): Promise<void> {
		const unsent = this.#all.get(nonce);
		if (!unsent?.failed) return;
		const { failed, ...rest } = unsent;
		// Whoever asks for it has seen that it was not sent, or wants it twice rather than not at all.
		const { triedAt, ...untried } = rest;
		const again = failed.code === "unsure" ? { ...untried, nonce: newNonce() } : rest;
		this.#loose.add(again.nonce);
		this.#put(again);
		this.#notBefore.delete(again.roomId);
		this.#tell();
		await this.#toDisk(again);
		// At no moment is it in neither form on the disk.
		if (again.nonce !== nonce) await this.discard(nonce);
		this.pump();
	}

	async discard(nonce: string): Promise<void> {
		this.#forget(nonce);
		this.#tell();
		await this.#delete(nonce);
		this.#channel.say({ type: "gone", nonce });
	}

	/** A message with this nonce was seen: it is stored. */
	seen(nonce: string): void {
		if (this.#over.has(nonce)) return;
		const known = this.#all.has(nonce);
		this.#forget(nonce);
		if (!known) return;
		this.#tell();
		void this.#delete(nonce);
		this.pump();
	}

	/** Sends what may be sent. Called whenever that may have changed. */
	pump(now = Date.now()): void {
		clearTimeout(this.#timer);
		if (this.#stopped || !this.#ends.online()) return;
		if (this.#leads) this.#sayAlive();
		else this.#watch();
		const seen = new Set<RoomId>();
		const since = performance.now();
		let next = Number.POSITIVE_INFINITY;
		for (const unsent of this.#all.values()) {
			const { roomId } = unsent;
			if (unsent.failed || seen.has(roomId)) continue;
			if (!this.#leads && !this.#own.has(unsent.nonce)) continue;
			seen.add(roomId);
			const onItsWayToTheDisk = this.#loose.has(unsent.nonce) && !this.#own.has(unsent.nonce);
			if (onItsWayToTheDisk || this.#underWay.has(roomId)) continue;
			const notBefore = this.#notBefore.get(roomId) ?? 0;
			if (notBefore > since) next = Math.min(next, notBefore);
			else void this.#send(unsent, now);
		}
		if (Number.isFinite(next)) this.#timer = setTimeout(() => this.pump(), next - since);
	}

	/** There is a connection again: what waited after failures needs to wait no more. */
	revive(): void {
		for (const room of this.#failures.keys()) this.#notBefore.delete(room);
		this.#failures.clear();
		this.pump();
	}

	/** What the tab before did is on the disk, and has to be known first. */
	async #takeOver(): Promise<void> {
		await this.load();
		this.#leads = this.#mayLead;
		this.pump();
	}

	async #send(unsent: KeptUnsent, now: number): Promise<void> {
		const { nonce, roomId } = unsent;
		let retry = unsent.triedAt !== undefined;
		if (retry && now - (unsent.triedAt ?? now) > NONCE_LIVES_MS) {
			await this.#fail(nonce, UNSURE);
			return this.pump();
		}
		this.#underWay.set(roomId, nonce);
		this.#tell();
		try {
			if (!retry) {
				const marked = await this.#mark(unsent, now);
				if (marked === "gone") return;
				retry = marked === "tried";
			}
			const sent = await this.#ends.transmit(unsent, retry);
			this.#stored(unsent, sent);
		} catch (cause) {
			await this.#refused(unsent, refusal(cause).error);
		} finally {
			this.#underWay.delete(roomId);
			this.#tell();
			this.pump();
		}
	}

	/** Says on the disk that it is tried, before it goes out. Another tab may have tried it before. */
	async #mark({ nonce }: KeptUnsent, now: number): Promise<"new" | "tried" | "gone"> {
		const own = this.#own.has(nonce);
		const mark = (it: KeptUnsent) => ({ ...it, triedAt: it.triedAt ?? now });
		const before = own ? undefined : await this.#change(nonce, mark);
		// Another tab has discarded it.
		if (before === null) this.#forget(nonce);
		const current = this.#all.get(nonce);
		if (!current || this.#stopped) return "gone";
		this.#put({ ...current, triedAt: before?.triedAt ?? now });
		if (!this.#leads && !own) return "gone";
		return before?.triedAt === undefined ? "new" : "tried";
	}

	#stored({ nonce, roomId, text, replyTo }: KeptUnsent, { message_id }: Sent): void {
		this.#failures.delete(roomId);
		if (this.#over.has(nonce) || this.#stopped) return;
		const message: Message = {
			id: message_id,
			author_id: this.#ends.me(),
			kind: "text",
			text,
			nonce,
			...(replyTo !== undefined && { reply_to: replyTo }),
			sent_at: timeOf(message_id),
			// Whatever the server tells of it is newer.
			version: "",
		};
		this.#forget(nonce);
		this.#ends.acknowledged(nonce, roomId, message);
		void this.#delete(nonce);
		this.#channel.say({ type: "stored", nonce, roomId, message });
	}

	async #refused({ nonce, roomId }: KeptUnsent, error: ErrorBody): Promise<void> {
		const { advice } = error;
		if (advice === "fix" || advice === "give_up") return this.#fail(nonce, error);
		const now = performance.now();
		if (error.code === "rate_limited") {
			this.#notBefore.set(roomId, now + (error.retry_after_ms ?? 2_000) + 50);
			return;
		}
		const failures = (this.#failures.get(roomId) ?? 0) + 1;
		this.#failures.set(roomId, failures);
		const wait = Math.max(error.retry_after_ms ?? 0, 500 + backoffMs(failures, Math.random()));
		this.#notBefore.set(roomId, now + wait);
	}

	async #fail(nonce: string, failed: ErrorBody): Promise<void> {
		const unsent = this.#all.get(nonce);
		if (!unsent) return;
		this.#put({ ...unsent, failed });
		this.#tell();
		await this.#change(nonce, (it) => ({ ...it, failed }));
		this.#channel.say({ type: "changed" });
	}

	async #toDisk(unsent: KeptUnsent): Promise<void> {
		if (await this.#writing(this.#keep.putUnsent(unsent))) {
			this.#loose.delete(unsent.nonce);
			this.#own.delete(unsent.nonce);
			// It may have been seen, or thrown away, meanwhile.
			if (this.#over.has(unsent.nonce)) await this.#delete(unsent.nonce);
			this.#channel.say({ type: "changed" });
			if (this.#keep.replaced && !this.#rewritten) await this.load();
		} else {
			this.#own.add(unsent.nonce);
			this.#loose.add(unsent.nonce);
		}
	}

	#put(unsent: KeptUnsent): void {
		this.#edits += 1;
		this.#all.set(unsent.nonce, unsent);
	}

	#forget(nonce: string): void {
		this.#edits += 1;
		this.#over.add(nonce);
		this.#loose.delete(nonce);
		this.#own.delete(nonce);
		this.#all.delete(nonce);
	}

	#delete(nonce: string): Promise<boolean> {
		return this.#writing(this.#keep.deleteUnsent(nonce));
	}

	#change(nonce: string, change: (it: KeptUnsent) => KeptUnsent) {
		return this.#writing(this.#keep.changeUnsent(nonce, change));
	}

	async #writing<T>(write: Promise<T>): Promise<T> {
		this.#writes.add(write);
		try {
			return await write;
		} finally {
			this.#writes.delete(write);
		}
	}

	#sayAlive(): void {
		if (this.#alive !== undefined || !this.#waits()) return;
		this.#channel.say({ type: "alive" });
		this.#alive = setTimeout(() => {
			this.#alive = undefined;
			if (this.#leads && this.#ends.online()) this.#sayAlive();
		}, ALIVE_MS);
	}

	/** Looks whether the tab that sends is at it; a browser may have put it to sleep. */
	#watch(): void {
		if (this.#watchdog !== undefined || !this.#waits()) return;
		const since = Date.now();
		this.#watchdog = setTimeout(async () => {
			this.#watchdog = undefined;
			await this.load();
			if (this.#stopped || this.#leads) return;
			const asleep = this.#heardAt < since && document.visibilityState === "visible";
			if (asleep && this.#waits() && this.#ends.online()) this.#lead.steal();
			else this.pump();
		}, PATIENCE_MS);
	}

	#waits(): boolean {
		for (const it of this.#all.values()) if (!it.failed) return true;
		return false;
	}

	#heard(told: Told): void {
		if (told.type === "alive") {
			this.#heardAt = Date.now();
			return;
		}
		if (told.type === "changed") {
			void this.load().then(() => this.pump());
			return;
		}
		this.#forget(told.nonce);
		if (told.type === "stored") this.#ends.acknowledged(told.nonce, told.roomId, told.message);
		this.#tell();
	}

	#tell(): void {
		if (this.#stopped) return;
		const all = [...this.#all.values()].map((it): Waiting => {
			const { nonce, roomId, text, replyTo, writtenAt, triedAt, failed } = it;
			const sending = this.#underWay.get(roomId) === nonce;
			return {
				nonce,
				roomId,
				text,
				...(replyTo !== undefined && { replyTo }),
				writtenAt,
				tried: triedAt !== undefined,
				status: failed ? "failed" : sending ? "sending" : "waiting",
				...(failed && { error: failed }),
			};
		});
		this.#ends.changed(all);
	}
}

const UNSURE: ErrorBody = {
	code: "unsure",
	detail: "It was tried days ago, and it is not known whether it was sent.",
	advice: "fix",
};

/** 26 letters with 130 random bits. */
export function newNonce(): string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567";
	const random = crypto.getRandomValues(new Uint8Array(26));
	return Array.from(random, (byte) => letters[byte & 31]).join("");
}

/** The time in an id of UUID version 7. */
export function timeOf(id: string): number {
	return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
