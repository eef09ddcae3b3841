import fc from "fast-check";
import { expect, test } from "vitest";
import { Table } from "../../src/state/table";

const entries = fc.array(fc.tuple(fc.string({ maxLength: 4 }), fc.integer()), { maxLength: 400 });

test("a table holds what a map holds, whatever the order and the portions", () => {
	fc.assert(
		fc.property(fc.array(entries, { maxLength: 6 }), (portions) => {
			let table = Table.empty<number>();
			const map = new Map<string, number>();
			for (const portion of portions) {
				const before = [...table];
				const next = table.with(portion);
				expect([...table]).toEqual(before);
				table = next;
				for (const [id, value] of portion) map.set(id, value);
			}
			expect(table.size).toBe(map.size);
			expect(new Map(table)).toEqual(map);
			for (const [id, value] of map) expect(table.get(id)).toBe(value);
		}),
	);
});

test("what changes nothing gives the same table", () => {
	const value = { a: 1 };
	const table = Table.of([["x", value]]);
	expect(table.with([["x", value]])).toBe(table);
	expect(table.with([])).toBe(table);
	expect(table.filter(() => true)).toBe(table);
	expect(table.filter(() => false).size).toBe(0);
});

test("one change among 100,000 costs far less than a copy of all", () => {
	const entries = Array.from({ length: 100_000 }, (_, n) => [`${n}`, n] as const);
	const time = (times: number, once: (n: number) => void) => {
		const began = performance.now();
		for (let n = 0; n < times; n += 1) once(n);
		return (performance.now() - began) / times;
	};
	let table = Table.of(entries);
	const copy = time(20, () => new Map(entries));
	const change = time(1_000, (n) => {
		table = table.with([[`${n * 7}`, -n]]);
	});
	expect(change).toBeLessThan(copy / 5);
});
