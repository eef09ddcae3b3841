/** Things by id, without a change in place, and cheap to change although there may be 100,000. */

/** About so many are in one bucket; a change copies one bucket and the list of buckets. */
const IN_A_BUCKET = 64;

type Bucket<T> = ReadonlyMap<string, T>;

/**
 * An immutable map from ids to values. `with` gives another one that shares what did not change, and
 * the same one where nothing did.
 */
export class Table<T> {
	readonly #buckets: readonly Bucket<T>[];
	readonly size: number;

	private constructor(buckets: readonly Bucket<T>[], size: number) {
		this.#buckets = buckets;
		this.size = size;
	}

	static readonly #EMPTY = new Table<unknown>([new Map()], 0);

	static empty<T>(): Table<T> {
		return Table.#EMPTY as Table<T>;
	}

	static of<T>(entries: Iterable<readonly [string, T]>): Table<T> {
		return Table.empty<T>().with(entries);
	}

	get(id: string): T | undefined {
		return this.#buckets[place(id, this.#buckets.length)]?.get(id);
	}

	has(id: string): boolean {
		return this.get(id) !== undefined;
	}

	with(entries: Iterable<readonly [string, T]>): Table<T> {
		let buckets: Bucket<T>[] | null = null;
		const count = this.#buckets.length;
		const copied = new Map<number, Map<string, T>>();
		let size = this.size;
		for (const [id, value] of entries) {
			const at = place(id, count);
			let bucket = copied.get(at);
			const before = bucket ?? this.#buckets[at];
			if (before?.get(id) === value) continue;
			if (!bucket) {
				bucket = new Map(before);
				copied.set(at, bucket);
				buckets ??= this.#buckets.slice();
				buckets[at] = bucket;
			}
			if (!bucket.has(id)) size += 1;
			bucket.set(id, value);
		}
		if (!buckets) return this;
		const table = new Table<T>(buckets, size);
		return size > count * IN_A_BUCKET ? table.#spread() : table;
	}

	/** Those alone for which this holds. */
	filter(holds: (id: string, value: T) => boolean): Table<T> {
		const kept: (readonly [string, T])[] = [];
		for (const entry of this) if (holds(entry[0], entry[1])) kept.push(entry);
		return kept.length === this.size ? this : Table.of(kept);
	}

	*[Symbol.iterator](): IterableIterator<readonly [string, T]> {
		for (const bucket of this.#buckets) yield* bucket;
	}

	*values(): IterableIterator<T> {
		for (const bucket of this.#buckets) yield* bucket.values();
	}

	#spread(): Table<T> {
		let wanted = this.#buckets.length;
		while (this.size * 2 > wanted * IN_A_BUCKET) wanted *= 2;
		const buckets = Array.from({ length: wanted }, () => new Map<string, T>());
		for (const [id, value] of this) buckets[place(id, wanted)]?.set(id, value);
		return new Table<T>(buckets, this.size);
	}
}

/** By the last letters, which are random in a UUID. `buckets` is a power of two. */
function place(id: string, buckets: number): number {
	let hash = 0x811c9dc5;
	for (let at = Math.max(0, id.length - 6); at < id.length; at += 1) {
		hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
	}
	return (hash ^ (hash >>> 15)) & (buckets - 1);
}
