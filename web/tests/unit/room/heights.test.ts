import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { change } from "../../../src/features/room/list/changes";
import { Heights } from "../../../src/features/room/list/heights";

const height = fc.integer({ min: 1, max: 400 });
const step = fc.oneof(
	fc.record({ set: fc.nat(), height }),
	fc.record({ at: fc.nat(), removed: fc.nat(9), rows: fc.array(height, { maxLength: 20 }) }),
);

describe("heights", () => {
	test("sums and places are those of a plain array, whatever is measured, added and removed", () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
				const heights = new Heights();
				let plain: number[] = [];
				for (const it of steps) {
					if ("set" in it) {
						if (plain.length === 0) continue;
						plain[it.set % plain.length] = it.height;
						heights.set(it.set % plain.length, it.height);
					} else {
						const at = it.at % (plain.length + 1);
						const removed = Math.min(it.removed, plain.length - at);
						heights.splice(at, removed, it.rows.length, (i) => it.rows[i - at] ?? 0);
						plain = plain.toSpliced(at, removed, ...it.rows);
					}
				}
				expect(heights.count).toBe(plain.length);
				let sum = 0;
				plain.forEach((it, index) => {
					expect(heights.before(index)).toBe(sum);
					expect(heights.find(sum)).toBe(index);
					expect(heights.find(sum + it - 0.5)).toBe(index);
					sum += it;
				});
				expect(heights.total).toBe(sum);
			}),
		);
	});

	test("a place before or after everything is the first or the last row", () => {
		const heights = new Heights();
		expect(heights.find(10)).toBe(0);
		heights.splice(0, 0, 3, () => 20);
		expect(heights.find(-5)).toBe(0);
		expect(heights.find(1_000)).toBe(2);
	});
});

describe("changes", () => {
	const list = (keys: readonly string[]) => ({
		count: keys.length,
		keyAt: (index: number) => keys[index] ?? "",
	});

	test("what is found makes the one list into the other", () => {
		const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 12 });
		fc.assert(
			fc.property(keys, keys, (before, after) => {
				const found = change(list(before), list(after));
				if (!found) {
					expect(after).toEqual(before);
					return;
				}
				const { start, removed, added } = found;
				const made = before.toSpliced(start, removed, ...after.slice(start, start + added));
				expect(made).toEqual(after);
			}),
		);
	});

	test("older ones in front change nothing else", () => {
		expect(change(list(["c", "d"]), list(["a", "b", "c", "d"]))).toEqual({
			start: 0,
			removed: 0,
			added: 2,
		});
	});
});
