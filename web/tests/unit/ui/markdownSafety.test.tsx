import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, expect, test } from "vitest";
import { startLanguages } from "../../../src/app/i18n";
import { Markdown, plainText } from "../../../src/ui";
import type { Block, Inline } from "../../../src/ui/markdown/ast";
import { safeHref } from "../../../src/ui/markdown/links";
import { parse } from "../../../src/ui/markdown/parse";

beforeAll(async () => {
	await startLanguages("en");
});

/** Every element that a message may have, with its attributes. */
const ALLOWED: Record<string, string[]> = {
	div: ["class"],
	p: ["dir"],
	br: [],
	em: [],
	strong: [],
	s: [],
	code: ["dir"],
	blockquote: ["dir"],
	ul: ["dir"],
	ol: ["dir", "start"],
	li: ["dir"],
	a: ["href", "target", "rel"],
	bdi: [],
	span: ["class"],
	pre: ["tabindex"],
	figure: ["class", "dir"],
	figcaption: ["class"],
};

/** What a browser makes of the message, by way of html: what breaks out of it breaks out here. */
function elementsOf(text: string): Element[] {
	const box = document.createElement("div");
	box.innerHTML = renderToStaticMarkup(<Markdown text={text} />);
	// The button that copies code is the program's own.
	for (const it of box.querySelectorAll("figcaption button")) it.remove();
	return [...box.querySelectorAll("*")];
}

function expectAllowed(elements: readonly Element[]) {
	for (const it of elements) {
		const allowed = ALLOWED[it.localName];
		expect(allowed, `<${it.localName}>`).toBeDefined();
		for (const { name } of it.attributes)
			expect(allowed, `<${it.localName} ${name}>`).toContain(name);
		if (it.localName === "a") {
			expect(it.getAttribute("href")).toMatch(/^(https?:\/\/|mailto:)/);
			expect(it.getAttribute("rel")).toBe("noopener noreferrer nofollow ugc");
		}
	}
}

const ADDRESSES = [
	"javascript:alert(1)",
	"JaVaScRiPt:alert(1)",
	"java\tscript:alert(1)",
	"java\nscript:alert(1)",
	"\u0001javascript:alert(1)",
	" javascript:alert(1)",
	"\u00a0javascript:alert(1)",
	"javascript&#58;alert(1)",
	"javascript&colon;alert(1)",
	"&#106;avascript:alert(1)",
	"javascript%3Aalert(1)",
	"javascript://example.org/%0aalert(1)",
	"vbscript:msgbox(1)",
	"data:text/html,<script>alert(1)</script>",
	"data:image/svg+xml;base64,PHN2Zz4=",
	"blob:https://example.org/1",
	"file:///etc/passwd",
	"view-source:https://example.org",
	"filesystem:https://example.org/x",
	"about:blank",
	"feed:javascript:alert(1)",
	"//example.org",
	"/api/v1/logout",
	"#top",
	"\\\\example.org\\x",
	"https:example.org@javascript:alert(1)",
];

test.each(ADDRESSES)("%j leads nowhere but to a page or a mailbox", (address) => {
	const ways = [
		`[x](${address})`,
		`[x](<${address}>)`,
		`<${address}>`,
		address,
		`![x](${address})`,
		`[x]: ${address}\n\n[x]`,
		`[x](https://example.org "${address}")`,
	];
	for (const text of ways) expectAllowed(elementsOf(text));
});

test.each([
	["https://example.org/a?b=c#d", "https://example.org/a?b=c#d"],
	["http://example.org", "http://example.org/"],
	["mailto:ada@example.org", "mailto:ada@example.org"],
	["javascript:alert(1)", null],
	["JAVA\nSCRIPT:alert(1)", null],
	["//example.org", null],
	["example.org", null],
	["", null],
])("the address %j becomes %j", (address, expected) => {
	expect(safeHref(address)).toBe(expected);
});

test.each([
	"<script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	"<svg/onload=alert(1)>",
	"<a href='javascript:alert(1)'>x</a>",
	"<iframe srcdoc='<script>alert(1)</script>'>",
	"<!-- --><style>*{display:none}</style>",
	"<b onmouseover=alert(1)>x",
	"</p><script>alert(1)</script>",
	"<![CDATA[<script>]]>",
	"<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
	"| a | b |\n|---|---|\n| c | d |",
	"```<script>\nalert(1)\n```",
	'```js" onclick="alert(1)\nx\n```',
])("%j makes no element of its own", (text) => {
	expectAllowed(elementsOf(text));
});

const SIGNS = ["*", "_", "~~", "`", "```\n", "[", "]", "(", ")", "<", ">", "> ", "- ", "1. ", "# "];
const OTHERS = [
	"\n",
	"\n\n",
	"    ",
	"\\",
	"!",
	"&lt;",
	"http://a.b",
	"javascript:",
	"@ada",
	"\u202e",
];
const word = fc.stringMatching(/^[a-z]{1,6}$/);
const markup = fc
	.array(fc.oneof(word, fc.constantFrom(...SIGNS, ...OTHERS), fc.string({ unit: "binary" })), {
		maxLength: 60,
	})
	.map((parts) => parts.join(""));

test("whatever is written, no element and no attribute is outside the list", () => {
	fc.assert(
		fc.property(markup, (text) => expectAllowed(elementsOf(text))),
		{ numRuns: 300 },
	);
}, 30_000);

test("whatever is written, no word is lost", () => {
	const text = fc
		.array(fc.oneof(word, fc.constantFrom("*", "_", "~~", "> ", "- ", "1. ", "\n", " ")), {
			maxLength: 120,
		})
		// Three begin a fence, and what stands beside it is the name of a language.
		.map((them) => them.join("").replaceAll(/~{3,}/g, "~~"));
	fc.assert(
		fc.property(text, (it) => {
			const words = (shown: string) => shown.match(/[a-z]+/g) ?? [];
			expect(words(plainText(it).replaceAll(" ", "")).join("")).toBe(words(it).join(""));
		}),
		{ numRuns: 500 },
	);
}, 30_000);

const SIZE = 16_000;

function depth(them: readonly (Block | Inline)[]): number {
	return them.reduce((most, it) => {
		const inside = "items" in it ? it.items.flat() : "children" in it ? it.children : [];
		return Math.max(most, 1 + depth(inside));
	}, 0);
}

function size(them: readonly (Block | Inline)[]): number {
	return them.reduce((sum, it) => {
		const inside = "items" in it ? it.items.flat() : "children" in it ? it.children : [];
		return sum + 1 + size(inside);
	}, 0);
}

const BOMBS = [
	"*",
	"_",
	"~",
	"`",
	"[",
	"]",
	"(",
	">",
	"!",
	"\\",
	"<",
	"@",
	"&",
	"#",
	"\n",
	"\t",
].concat(
	["[a](", "](", "[](", "**a ", "*a_ ", "*_", "> ", "- ", "1. ", "\n- a", "\n> a", "a**b", "`a``b"],
	[
		"http://",
		"www.a.b ",
		"(((http://a.b",
		"http://a.b/(",
		"a@b.c ",
		"@a.",
		"[a](b)",
		"\\\n",
		"é\u0301",
	],
);

test.each(BOMBS)("16,000 bytes of %j are bounded work", (part) => {
	const text = part.repeat(Math.floor(SIZE / part.length));
	parse(text);
	const before = process.cpuUsage();
	const blocks = parse(text);
	const { user } = process.cpuUsage(before);
	expect(depth(blocks)).toBeLessThan(45);
	expect(size(blocks)).toBeLessThan(10_000);
	// About 20 ms on an idle machine; what grows with the square takes seconds.
	expect(user / 1000).toBeLessThan(400);
});

test("a text that is too deep is shown as it was written", () => {
	const text = `${"> ".repeat(40)}deep`;
	expect(parse(text)).toEqual([{ is: "paragraph", children: [{ is: "text", text }] }]);
});

test("long code is code, however many signs it has", () => {
	const code = "a[i] = *b_c;\n".repeat(1_000);
	expect(parse(`\`\`\`c\n${code}\`\`\``)).toEqual([{ is: "fence", language: "c", text: code }]);
});
