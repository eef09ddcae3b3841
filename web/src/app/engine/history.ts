/** Loads what is shown of a room's past. */

import type { Api, Part } from "../../net/api";
import type { HistoryMessage, MessageId, History as Page, RoomId, UserId } from "../../protocol";
import { shown } from "../../state/selectors";
import type { RoomState } from "../../state/types";
import type { Host } from "./host";
import { peopleIn } from "./people";

const PAGE = 60;
const LARGE_PAGE = 200;
/** A stale stretch is loaded again as far back as this; what is older is loaded when it is shown. */
const REFRESH_PAGES = 30;
/** And a hole is closed, if so many pages do it. */
const GAP_PAGES = 10;

export class HistoryLoader {
	readonly #host: Host;
	readonly #api: Api;
	readonly #want: (ids: Iterable<UserId>) => void;
	readonly #underWay = new Map<string, Promise<void>>();
	#epoch = 0;

	constructor(host: Host, api: Api, want: (ids: Iterable<UserId>) => void) {
		this.#host = host;
		this.#api = api;
		this.#want = want;
	}

	/** The newest page, unless it is there and holds. */
	newest(room: RoomId): Promise<void> {
		return this.#once(`${room} newest`, async () => {
			const it = this.#room(room);
			if (it?.live && !it.stale) return;
			const around = it?.stale && it.detached?.ids[it.detached.ids.length >> 1];
			const [page, aside] = await this.#sure(() =>
				Promise.all([
					it?.live ? this.#again(it) : this.#page(room),
					around ? this.#api.history(room, { around }, LARGE_PAGE) : null,
				]),
			);
			if (around && aside && this.#room(room)?.detached) this.#take(room, { around }, aside);
			this.#take(room, { newest: true }, page);
		});
	}

	/** Something was lost on the way: answers that are still to come are from before. */
	lost(): void {
		this.#epoch += 1;
		this.#underWay.clear();
	}

	before(room: RoomId): Promise<void> {
		return this.#once(`${room} before`, async () => {
			const stretch = this.#stretch(room);
			const before = stretch?.ids[0];
			if (stretch?.moreBefore && before !== undefined) await this.#load(room, { before });
		});
	}

	after(room: RoomId): Promise<void> {
		return this.#once(`${room} after`, async () => {
			const stretch = this.#stretch(room);
			const after = stretch?.ids[stretch.ids.length - 1];
			if (stretch?.moreAfter && after !== undefined) await this.#load(room, { after });
		});
	}

	jumpTo(room: RoomId, message: MessageId): Promise<void> {
		return this.#once(`${room} around ${message}`, async () => {
			const it = this.#room(room);
			if (it && shown(it)?.ids.includes(message)) return;
			if (it?.live?.ids.includes(message)) {
				return this.#host.dispatch({ type: "back_to_live", room });
			}
			await this.#load(room, { around: message }, PAGE);
		});
	}

	async #load(room: RoomId, part: Part, limit = LARGE_PAGE / 2): Promise<void> {
		const ask = () => this.#api.history(room, part, limit);
		this.#take(room, part, await this.#sure(ask));
	}

	/** What was asked for before something was lost proves nothing: it is asked for again. */
	async #sure<T>(ask: () => Promise<T>): Promise<T> {
		for (;;) {
			const epoch = this.#epoch;
			const answer = await ask();
			if (epoch === this.#epoch) return answer;
		}
	}

	/**
	 * What is loaded of a stale room, once more, and what came since; as one page, so that nothing
	 * that is shown moves.
	 */
	async #again(it: RoomState): Promise<Page> {
		const ids = it.live?.ids ?? [];
		const first = ids[0];
		const last = ids[ids.length - 1];
		let page = await this.#page(it.room.id, LARGE_PAGE);
		const pieces: HistoryMessage[][] = [page.messages];
		for (let pages = 1; first !== undefined && last !== undefined; pages += 1) {
			const oldest = pieces[0]?.[0]?.id;
			if (!page.more_before || oldest === undefined || oldest <= first) break;
			const inGap = oldest > last;
			if (pages >= (inGap ? GAP_PAGES : REFRESH_PAGES)) break;
			page = await this.#api.history(it.room.id, { before: oldest }, LARGE_PAGE);
			pieces.unshift(page.messages);
		}
		return { messages: pieces.flat(), more_before: page.more_before, more_after: false };
	}

	#page(room: RoomId, limit = PAGE): Promise<Page> {
		return this.#api.history(room, { newest: true }, limit);
	}

	#take(room: RoomId, part: Part, page: Page): void {
		this.#host.dispatch({ type: "page", room, part, page });
		this.#want(page.messages.flatMap(peopleIn));
	}

	#room(room: RoomId): RoomState | undefined {
		return this.#host.state.rooms[room];
	}

	#stretch(room: RoomId) {
		const it = this.#room(room);
		return it ? shown(it) : null;
	}

	/** What is under way already is not begun again. */
	#once(key: string, work: () => Promise<void>): Promise<void> {
		const before = this.#underWay.get(key);
		if (before) return before;
		const now = work().finally(() => {
			if (this.#underWay.get(key) === now) this.#underWay.delete(key);
		});
		this.#underWay.set(key, now);
		return now;
	}
}
