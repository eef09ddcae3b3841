/**
 * The heights of the rows of a long list, by index, in a binary indexed tree: where a row begins, and
 * which row is at a place, cost O(log n); one that is measured costs the same. Rows that come or go
 * cost O(n) of typed-array work, which is about a millisecond for 100,000 of them.
 *
 * It knows numbers alone: nothing of rows, messages or the page.
 */
export class Heights {
	#heights = new Float64Array(0);
	/** `#tree[i]` holds the sum of the `i & -i` heights that end before index `i`. */
	#tree = new Float64Array(1);
	#count = 0;

	get count(): number {
		return this.#count;
	}

	get total(): number {
		return this.before(this.#count);
	}

	/** The height of the row at `index`. */
	at(index: number): number {
		return this.#heights[index] ?? 0;
	}

	/** The sum of the heights of the first `index` rows: where the row at `index` begins. */
	before(index: number): number {
		let sum = 0;
		for (let i = Math.min(Math.max(index, 0), this.#count); i > 0; i -= i & -i) {
			sum += this.#tree[i] ?? 0;
		}
		return sum;
	}

	/** The index of the row that covers `place`; the first or last one where nothing does. */
	find(place: number): number {
		let index = 0;
		let rest = place;
		let step = 1;
		while (step * 2 <= this.#count) step *= 2;
		for (; step > 0; step >>= 1) {
			const sum = this.#tree[index + step];
			if (index + step <= this.#count && sum !== undefined && sum <= rest) {
				index += step;
				rest -= sum;
			}
		}
		return Math.max(0, Math.min(index, this.#count - 1));
	}

	set(index: number, height: number): void {
		const change = height - this.at(index);
		if (change === 0 || index < 0 || index >= this.#count) return;
		this.#heights[index] = height;
		for (let i = index + 1; i <= this.#count; i += i & -i) {
			this.#tree[i] = (this.#tree[i] ?? 0) + change;
		}
	}

	/** Takes `removed` rows away at `start` and puts `added` ones there, each with a height. */
	splice(start: number, removed: number, added: number, height: (index: number) => number): void {
		const count = this.#count - removed + added;
		const next = new Float64Array(count);
		next.set(this.#heights.subarray(0, start));
		for (let i = start; i < start + added; i++) next[i] = height(i);
		next.set(this.#heights.subarray(start + removed, this.#count), start + added);
		this.#heights = next;
		this.#count = count;
		this.#plant();
	}

	#plant(): void {
		const tree = new Float64Array(this.#count + 1);
		tree.set(this.#heights, 1);
		for (let i = 1; i <= this.#count; i++) {
			const parent = i + (i & -i);
			if (parent <= this.#count) tree[parent] = (tree[parent] ?? 0) + (tree[i] ?? 0);
		}
		this.#tree = tree;
	}
}
