/**
 * A long list in a scroller, of which only what is near the view is in the page. It promises that
 * what one looks at doesn't move: whatever is added, removed, edited or measured above or below, and
 * whatever the width becomes, the first row in view keeps its distance from the upper edge; at the
 * end, the end stays in view.
 *
 * This is the part that reads and writes the page's geometry. What is in the page is up to `Log`,
 * which is told by `onRange`. It knows nothing of messages.
 *
 * Heights that were not measured are guessed. When rows above turn out to be higher or lower than
 * that, the space above them gives way while somebody scrolls, and not the scroll position: writing
 * that would end the momentum of a finger. The guess is put right when the scrolling has ended.
 */

import { change } from "./changes";
import { Heights } from "./heights";
import type { Range } from "./range";

/**
 * The rows. `idAt` is cheap and tells them apart; `keyAt` is what the page's elements go by, and stays
 * when a row gets another id.
 */
export interface Rows {
	count: number;
	/** Is another one when rows were hidden or shown on purpose. */
	opened?: unknown;
	idAt(index: number): string;
	keyAt(index: number): string;
	/** The index of the row with this id, else of a recent one with this key, or -1. */
	indexOf(id: string, key?: string): number;
	/** Whether it has no height. Its row is there all the same. */
	isHidden(index: number): boolean;
	/** Whether what is loaded before it may change its height. */
	isLoose(index: number): boolean;
	/** Whether it is an edge: what is loaded there comes beside it, and takes its place. */
	isEdge(index: number): boolean;
}

/** A row, and how far below the upper edge it begins. */
interface Held {
	id: string;
	key: string;
	offset: number;
}

/** What is in view. */
export interface View {
	first: number;
	last: number;
	/** Pixels above and below what is in view; beyond what is loaded there is nothing. */
	above: number;
	below: number;
	height: number;
}

/** Of the rows that are held, the first that is still there counts. */
type Anchor = { end: true } | { end: false; rows: Held[] };

interface Parts {
	scroller: HTMLElement;
	/** The space for the rows above those that are in the page. */
	above: HTMLElement;
	/** Holds the rows that are in the page, one child each, and nothing else. */
	body: HTMLElement;
	below: HTMLElement;
}

interface Listener {
	onRange(range: Range): void;
	onView(view: View): void;
}

/** This near to the end counts as the end. */
const END_PX = 24;
const GUESS_PX = 48;
/** So far beyond the view is rendered at once, when everything in view is new. */
const NEAR_PX = 150;
/** Where the browser doesn't tell, scrolling has ended when nothing was heard for this long. */
const REST_MS = 300;

const NOTHING: Rows = {
	count: 0,
	idAt: () => "",
	keyAt: () => "",
	indexOf: () => -1,
	isHidden: () => false,
	isLoose: () => false,
	isEdge: () => false,
};

export class LogView {
	#parts: Parts | null = null;
	readonly #listener: Listener;
	readonly #heights = new Heights();
	/** Heights by key: a row that comes again is not guessed again. */
	readonly #measured = new Map<string, number>();
	#measuredSum = 0;
	#rows: Rows = NOTHING;
	#range: Range = { first: 0, last: 0 };
	#anchor: Anchor = { end: true };
	/** What is held was not in the page yet. */
	#isGuess = false;
	/** Whether the end of the list is the present, to be followed. */
	#follow = true;
	/** Where the scroller was when we looked last, or put it: from there on, somebody moved it. */
	#seen = 0;
	#scrolling = false;
	#rest: ReturnType<typeof setTimeout> | undefined;
	/** The frame in which more rows are asked for. */
	#next = 0;
	#space = 0;

	constructor(listener: Listener) {
		this.#listener = listener;
	}

	/** Begins to watch these elements, until the returned function is called. */
	attach(parts: Parts): () => void {
		this.#parts = parts;
		const observer = new ResizeObserver(() => {
			this.look();
			this.#settle();
		});
		observer.observe(parts.scroller);
		observer.observe(parts.body);
		const scrolled = () => this.#scrolled();
		const rested = () => this.#rested();
		parts.scroller.addEventListener("scroll", scrolled, { passive: true });
		parts.scroller.addEventListener("scrollend", rested);
		return () => {
			observer.disconnect();
			parts.scroller.removeEventListener("scroll", scrolled);
			parts.scroller.removeEventListener("scrollend", rested);
			clearTimeout(this.#rest);
			cancelAnimationFrame(this.#next);
			this.#next = 0;
			this.#parts = null;
		};
	}

	/** The index of the row that holds its place when rows come and go. */
	get anchorIndex(): number {
		if (this.#anchor.end) return this.#rows.count - 1;
		return this.#held(this.#anchor.rows)?.index ?? this.#range.first;
	}

	get atEnd(): boolean {
		return this.#anchor.end;
	}

	/** Puts the row at a share of the view's height: 0 is the upper edge. */
	show(id: string, share: number): void {
		const height = this.#parts?.scroller.clientHeight ?? 0;
		const offset = Math.round(height * share);
		this.#anchor = { end: false, rows: [{ id, key: id, offset }] };
		this.#isGuess = false;
		this.#scrolling = false;
		this.#settle();
	}

	/** What is in view stays where it is, also at the end, when the rows become higher. */
	stay(): void {
		this.#hold(false);
	}

	toEnd(): void {
		this.#anchor = { end: true };
		this.#scrolling = false;
		this.#settle();
	}

	/** Scrolls by a part of the view, as a person would. */
	scrollBy(share: number): void {
		const scroller = this.#parts?.scroller;
		scroller?.scrollBy({ top: scroller.clientHeight * share });
	}

	/** Scrolls just so far that the row is in view with a little air. */
	reveal(id: string): void {
		const index = this.#rows.indexOf(id);
		const parts = this.#parts;
		if (index < 0 || !parts) return;
		const child = this.#child(index);
		if (!child) {
			this.show(id, index < this.#range.first ? 0.1 : 0.6);
			return;
		}
		const view = parts.scroller.getBoundingClientRect();
		const row = child.getBoundingClientRect();
		const air = 8;
		const over = row.top - air - view.top;
		const under = row.bottom + air - view.bottom;
		if (over < 0) parts.scroller.scrollTop += over;
		else if (under > 0) parts.scroller.scrollTop += Math.min(under, over);
	}

	/** After each rendering: these are the rows, and those of the range are in the page. */
	rendered(rows: Rows, range: Range, follow: boolean): void {
		const refold = rows.opened !== this.#rows.opened;
		const changed = rows === this.#rows ? null : change(ids(this.#rows), ids(rows));
		this.#rows = rows;
		this.#range = range;
		if (changed) {
			const { start, removed, added } = changed;
			this.#heights.splice(start, removed, added, (index) => this.#guess(index));
		}
		if (refold) this.#refold();
		if (!follow && this.#follow && this.#anchor.end) this.#hold();
		this.#follow = follow;
		this.#settle();
	}

	/** Rows were hidden or shown: those that are not in the page have to be reckoned with, too. */
	#refold(): void {
		for (let index = 0; index < this.#rows.count; index++) {
			const hidden = this.#rows.isHidden(index);
			if (hidden !== (this.#heights.at(index) === 0)) {
				this.#heights.set(index, this.#guess(index));
			}
		}
	}

	#guess(index: number): number {
		if (this.#rows.isHidden(index)) return 0;
		if (this.#measured.size === 0) return GUESS_PX;
		const mean = this.#measuredSum / this.#measured.size;
		return this.#measured.get(this.#rows.keyAt(index)) ?? mean;
	}

	#child(index: number): Element | undefined {
		return this.#parts?.body.children[index - this.#range.first];
	}

	/** Of rows that were held, the first that is still there. */
	#held(rows: readonly Held[]): { index: number; offset: number } | null {
		for (const { id, key, offset } of rows) {
			const index = this.#rows.indexOf(id, key);
			if (index >= 0) return { index, offset };
		}
		return null;
	}

	/**
	 * To be called before the page is changed: whoever has scrolled since the last event, by a key or
	 * the scroll bar, is not taken back.
	 */
	look(): void {
		const scroller = this.#parts?.scroller;
		if (!scroller || Math.abs(scroller.scrollTop - this.#seen) <= 1) return;
		this.#seen = scroller.scrollTop;
		this.#scrolling = true;
		this.#hold();
	}

	#scrolled(): void {
		if (!this.#parts) return;
		this.look();
		if (!("onscrollend" in window)) {
			clearTimeout(this.#rest);
			this.#rest = setTimeout(() => this.#rested(), REST_MS);
		}
		this.#cover();
		this.#tell();
	}

	#rested(): void {
		this.#scrolling = false;
		this.#settle();
	}

	/** Remembers what is in view: the end, where that is to be followed. */
	#hold(follow = this.#follow): void {
		const parts = this.#parts;
		if (!parts) return;
		const { scroller, body } = parts;
		const last = this.#range.last === this.#rows.count;
		const below = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
		if (follow && last && below <= END_PX) {
			this.#anchor = { end: true };
			return;
		}
		const view = scroller.getBoundingClientRect();
		const seen: Held[] = [];
		const edges: Held[] = [];
		const doubtful: Held[] = [];
		for (let i = 0; i < body.children.length && seen.length < 8; i++) {
			const row = body.children[i]?.getBoundingClientRect();
			if (!row || row.bottom <= view.top || row.height === 0) continue;
			if (row.top >= view.bottom) break;
			const index = this.#range.first + i;
			const held: Held = {
				id: this.#rows.idAt(index),
				key: this.#rows.keyAt(index),
				offset: row.top - view.top,
			};
			if (this.#rows.isEdge(index)) edges.push(held);
			else if (row.top < view.top || this.#rows.isLoose(index)) doubtful.push(held);
			else seen.push(held);
		}
		// A row that the upper edge cuts may grow on its hidden side, and the first one that is loaded
		// changes with what comes before it; the next one tells better.
		seen.push(...doubtful);
		// Scrolled beyond all that is in the page: what belongs there is held, until it is there.
		this.#isGuess = seen.length === 0;
		if (this.#isGuess) seen.push(this.#guessed());
		seen.push(...edges);
		this.#anchor = { end: false, rows: seen };
	}

	/**
	 * The row that the upper edge is in, by the heights that are known or guessed; the one beside it
	 * where that is where more is loaded, which would stay and let the others be pushed away.
	 */
	#guessed(): Held {
		const top = this.#top();
		const found = this.#heights.find(top);
		const beside = found === 0 ? 1 : found - 1;
		const index = this.#rows.isEdge(found) && beside < this.#rows.count ? beside : found;
		const offset = this.#heights.before(index) - top;
		return { id: this.#rows.idAt(index), key: this.#rows.keyAt(index), offset };
	}

	/** Where the upper edge is among the heights. */
	#top(): number {
		const scrollTop = this.#parts?.scroller.scrollTop ?? 0;
		return scrollTop - (this.#space - this.#heights.before(this.#range.first));
	}

	/** Measures what is in the page, and puts what is held where it belongs. */
	#settle(): void {
		const parts = this.#parts;
		if (!parts || parts.scroller.clientHeight === 0) return;
		const { scroller, above, body, below } = parts;
		const { first, last } = this.#range;
		if (body.children.length !== last - first) return;
		this.#measure(body);

		const held = this.#anchor.end ? null : this.#held(this.#anchor.rows);
		if (held && (held.index < first || held.index >= last)) {
			this.#around(held.index, held.offset);
			return;
		}
		if (this.#anchor.end && last !== this.#rows.count) {
			this.#around(this.#rows.count - 1, scroller.clientHeight);
			return;
		}

		const true_ = this.#heights.before(first);
		let space = true_;
		let scrollTop = scroller.scrollTop;
		if (held) {
			const within = this.#heights.before(held.index) - true_;
			const still = scrollTop + held.offset - within;
			const near = Math.abs(still - true_) <= true_ * 0.5;
			if (this.#scrolling && first > 0 && near) space = still;
			else scrollTop = space + within - held.offset;
		}
		this.#space = space;
		above.style.blockSize = `${space}px`;
		below.style.blockSize = `${this.#heights.total - this.#heights.before(last)}px`;
		if (this.#anchor.end) scrollTop = scroller.scrollHeight - scroller.clientHeight;
		if (Math.abs(scroller.scrollTop - scrollTop) >= 0.5) {
			scroller.scrollTop = scrollTop;
		}
		this.#seen = scroller.scrollTop;
		if (held && this.#isGuess) this.#hold();
		this.#cover();
		this.#tell();
	}

	#measure(body: HTMLElement): void {
		const { first } = this.#range;
		for (let i = 0; i < body.children.length; i++) {
			const height = body.children[i]?.getBoundingClientRect().height ?? 0;
			if (height === this.#heights.at(first + i)) continue;
			this.#heights.set(first + i, height);
			// Without a height it is folded, which says nothing of others, or of itself when it isn't.
			if (height === 0) continue;
			const key = this.#rows.keyAt(first + i);
			this.#measuredSum += height - (this.#measured.get(key) ?? 0);
			this.#measured.set(key, height);
		}
	}

	/** Asks for the rows around one that is not in the page. */
	#around(index: number, offset: number): void {
		const height = this.#parts?.scroller.clientHeight ?? 0;
		const top = this.#heights.before(index) - offset;
		this.#ask(top - height / 2, top + height * 1.5);
	}

	/** Asks for other rows where those in the page don't reach far enough beyond the view. */
	#cover(): void {
		const parts = this.#parts;
		if (!parts || this.#rows.count === 0) return;
		const height = parts.scroller.clientHeight;
		const { first, last } = this.#range;
		const top = this.#top();
		const bottom = top + height;
		const from = first === 0 ? Number.NEGATIVE_INFINITY : this.#heights.before(first);
		const to = last === this.#rows.count ? Number.POSITIVE_INFINITY : this.#heights.before(last);
		const reach = Math.max(height, 500);
		if (from <= top - reach / 2 && to >= bottom + reach / 2) return;
		const blank = top < from || bottom > to;
		if (blank && this.#scrolling) {
			// What is in view comes first, and what is beyond it in the next frame.
			this.#ask(top - NEAR_PX, bottom + NEAR_PX);
			this.#next = requestAnimationFrame(() => {
				this.#next = 0;
				this.#cover();
			});
		} else if (this.#next === 0) {
			this.#ask(top - reach, bottom + reach);
		}
	}

	#ask(from: number, to: number): void {
		const range = { first: this.#heights.find(from), last: this.#heights.find(to) + 1 };
		this.#listener.onRange(range);
	}

	#tell(): void {
		const parts = this.#parts;
		if (!parts || this.#rows.count === 0) return;
		const { scrollTop, clientHeight, scrollHeight } = parts.scroller;
		const top = this.#top();
		this.#listener.onView({
			first: this.#heights.find(top),
			last: this.#heights.find(top + clientHeight - 1),
			above: scrollTop,
			below: Math.max(0, scrollHeight - clientHeight - scrollTop),
			height: clientHeight,
		});
	}
}

const ids = (rows: Rows) => ({ count: rows.count, keyAt: (index: number) => rows.idAt(index) });
