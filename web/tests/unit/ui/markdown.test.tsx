import { expect, test } from "vitest";
import { Markdown, plainText } from "../../../src/ui";
import { emojiOnly } from "../../../src/ui/markdown/emojiOnly";
import { render } from "./render";

const html = async (text: string) => {
	const box = await render(<Markdown text={text} />);
	return box.firstElementChild?.innerHTML ?? "";
};

test.each([
	["a\nb", '<p dir="auto">a<br>b</p>'],
	["*a* **b** ~~c~~", '<p dir="auto"><em>a</em> <strong>b</strong> <s>c</s></p>'],
	["`<b>`", '<p dir="auto"><code dir="ltr">&lt;b&gt;</code></p>'],
	["# big", '<p dir="auto"><strong>big</strong></p>'],
	["> q", '<blockquote dir="auto"><p dir="auto">q</p></blockquote>'],
	["<img src=x onerror=y>", '<p dir="auto">&lt;img src=x onerror=y&gt;</p>'],
	["&lt;", '<p dir="auto">&amp;lt;</p>'],
	[
		"7. a\n8. b",
		'<ol start="7" dir="auto"><li dir="auto"><p dir="auto">a</p></li><li dir="auto"><p dir="auto">b</p></li></ol>',
	],
])("%j is shown as %j", async (text, expected) => {
	expect(await html(text)).toBe(expected);
});

test("a bare address is a link that tells nothing to where it leads", async () => {
	expect(await html("see example.org/a.")).toBe(
		'<p dir="auto">see <a href="http://example.org/a" target="_blank" rel="noopener noreferrer nofollow ugc"><bdi>example.org/a</bdi></a>.</p>',
	);
});

test("who is mentioned is shown by name, and can be pressed", async () => {
	const ada = { id: "1", name: "Ada Lovelace", own: true };
	const box = await render(
		<Markdown
			text="@ada, @bob and c@ada.org"
			mention={(username) => (username === "ada" ? ada : null)}
			onMention={() => undefined}
		/>,
	);
	expect(box.textContent).toBe("@Ada Lovelace, @bob and c@ada.org");
	expect(box.querySelectorAll("button").length).toBe(1);
});

test("a preview is one line without signs", () => {
	expect(plainText("**a**\n\n> b\n- `c` @ada [d](https://e.org)")).toBe("a b c @ada d");
});

test("one to three emoji alone are shown larger", () => {
	for (const text of ["👍", "👩‍👩‍👧‍👦 🇩🇪", "1️⃣", "❤️ 🎉 🙌🏽"]) expect(emojiOnly(text)).toBe(true);
	for (const text of ["", "👍 ok", "👍👍👍👍", "12", "©", "好", "-"]) {
		expect(emojiOnly(text)).toBe(false);
	}
});
