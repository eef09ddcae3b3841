import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	askedAt,
	complete,
	rankPeople,
	wholeEmojiAt,
} from "../../../src/features/room/composer/completion";
import {
	lengthOf,
	MAX_BYTES,
	MAX_CHARS,
	NEAR,
	sendable,
} from "../../../src/features/room/composer/limits";
import type { User } from "../../../src/protocol";

const bytes = (text: string) => new TextEncoder().encode(text).length;

describe("the length of a message", () => {
	test.each([
		["one byte", "x"],
		["two bytes", "é"],
		["three bytes", "語"],
		["four bytes", "🦀"],
	])("is at most 4,000 characters of %s, and not one more", (_, sign) => {
		expect(lengthOf(sign.repeat(MAX_CHARS))).toMatchObject({ left: 0, near: true, fits: true });
		expect(lengthOf(sign.repeat(MAX_CHARS + 1))).toMatchObject({ left: -1, fits: false });
	});

	test("is at most 16,000 bytes, and not one more", () => {
		const full = "🦀".repeat(4_000);
		expect(bytes(full)).toBe(MAX_BYTES);
		expect(lengthOf(full).fits).toBe(true);
		expect(bytes(`${full}x`)).toBe(MAX_BYTES + 1);
		expect(lengthOf(`${full}x`).fits).toBe(false);
	});

	test("is said near the limit alone", () => {
		expect(lengthOf("x".repeat(MAX_CHARS - NEAR)).near).toBe(false);
		expect(lengthOf("x".repeat(MAX_CHARS - NEAR + 1)).near).toBe(true);
		expect(lengthOf("🦀".repeat(MAX_CHARS - NEAR)).near).toBe(false);
	});

	test("never lets through what the server would refuse", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary", maxLength: 5_000, size: "max" }), (text) => {
				const allowed = [...text].length <= 4_000 && bytes(text) <= 16_000;
				expect(lengthOf(text).fits).toBe(allowed);
			}),
		);
	});

	test("is nothing where there is only white space", () => {
		expect(lengthOf(" \n\t\u3000").blank).toBe(true);
		expect(lengthOf(" . ").blank).toBe(false);
	});

	test("a text to send holds no NUL and no half of a character", () => {
		expect(sendable("a\0b\ud83e c 🦀")).toBe("ab\uFFFD c 🦀");
	});
});

describe("completion", () => {
	test.each([
		["@", "mention", ""],
		["hello @no", "mention", "no"],
		["(@no", "mention", "no"],
		["line\n@josé", "mention", "josé"],
		[":smi", "emoji", "smi"],
		["fine :+1", "emoji", "+1"],
	])("%j asks for a %s", (text, kind, query) => {
		expect(askedAt(text, text.length)).toMatchObject({ kind, query });
	});

	test.each([["nora@example"], ["10:30"], [":p"], ["http://exa"], ["a:smile"], ["@no ra"]])(
		"%j asks for nothing",
		(text) => {
			expect(askedAt(text, text.length)).toBeNull();
		},
	);

	test("looks at the word before the caret", () => {
		expect(askedAt("@no and @in", 3)).toMatchObject({ query: "no", from: 0, to: 3 });
	});

	test("puts the word in its place, with one space behind it", () => {
		const asked = { from: 3, to: 6 };
		expect(complete("hi @no", asked, "@nora")).toEqual({ text: "hi @nora ", caret: 9 });
		expect(complete("hi @no you", asked, "@nora")).toEqual({ text: "hi @nora you", caret: 9 });
	});

	test("finds a whole emoji", () => {
		expect(wholeEmojiAt("so :tada:", 9)).toMatchObject({ query: "tada", from: 3, to: 9 });
		expect(wholeEmojiAt("10:30:", 6)).toBeNull();
	});

	test("finds people by username, name and any word of it, whatever the accents", () => {
		const user = (username: string, display_name: string): User => ({
			id: username,
			username,
			display_name,
			role: "user",
			created_at: 0,
		});
		const people = [user("jose", "José Ñandú"), user("nora", "Nora"), user("zed", "Ann Nandu")];
		const found = (query: string) => rankPeople(people, query).map((it) => it.username);
		expect(found("n")).toEqual(["nora", "jose", "zed"]);
		expect(found("ñan")).toEqual(["jose", "zed"]);
		expect(found("jos")).toEqual(["jose"]);
		expect(found("x")).toEqual([]);
	});
});
