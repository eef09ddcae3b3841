import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LOOK_MS, Replied } from "../../../src/features/room/message/replied";
import type { Message } from "../../../src/protocol";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const message = (id: string): Message => ({
	id,
	author_id: "a",
	kind: "text",
	text: id,
	sent_at: 0,
	version: id,
});

function asked() {
	const waiting = new Map<string, { answer: (it: Message | null) => void; fail: () => void }>();
	const replied = new Replied(
		(id) =>
			new Promise((answer, fail) => waiting.set(id, { answer, fail: () => fail(new Error()) })),
	);
	const look = () => vi.advanceTimersByTimeAsync(LOOK_MS);
	return { replied, waiting, look };
}

describe("messages that are answered and not loaded", () => {
	test("are asked for a few at once, the newest first, each of them once", async () => {
		const { replied, waiting, look } = asked();
		for (const id of ["1", "2", "3", "4", "5", "5"]) replied.want(id);
		await look();
		expect([...waiting.keys()]).toEqual(["1", "2", "3"]);
		waiting.get("1")?.answer(message("1"));
		await look();
		expect([...waiting.keys()]).toEqual(["1", "2", "3", "5"]);
		expect(replied.get("1")).toEqual(message("1"));
		expect(replied.get("5")).toBeUndefined();
	});

	test("are not asked for when their row was only scrolled past", async () => {
		const { replied, waiting, look } = asked();
		replied.want("1")();
		await look();
		expect(waiting.size).toBe(0);
	});

	test("may not be there, which is known then; what failed is asked for again", async () => {
		const { replied, waiting, look } = asked();
		const changed = vi.fn();
		replied.subscribe(changed);
		replied.want("1");
		await look();
		waiting.get("1")?.fail();
		await look();
		expect(replied.get("1")).toBeUndefined();
		replied.want("1");
		await look();
		waiting.get("1")?.answer(null);
		await look();
		expect(replied.get("1")).toBeNull();
		expect(changed).toHaveBeenCalledOnce();
	});
});
