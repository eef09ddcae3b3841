import MarkdownIt, { type Token } from "markdown-it";
import type { Block, Inline } from "./ast";
import { safeHref } from "./links";

/** Deeper than this nobody reads; such a text is shown as it was written. */
const DEPTH = 20;
/** So is one with more signs of markup than this in one paragraph, */
const SIGNS = 1_000;
/** or with more parts than this. Both bound the work for a text that was made to cost some. */
const PARTS = 4_000;

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true, maxNesting: DEPTH });
// Left out: what has no place in a message (pictures, tables, rules, html), and what would take
// away signs that somebody typed (entities, reference definitions, indented code, underlined heads).
markdown.disable([
	"image",
	"table",
	"hr",
	"html_block",
	"html_inline",
	"entity",
	"reference",
	"code",
	"lheading",
]);
markdown.core.ruler.at("inline", (state) => {
	for (const token of state.tokens) {
		if (token.type !== "inline") continue;
		if ((token.content.match(/[*_~`[\]<]/g)?.length ?? 0) > SIGNS) state.env.tooMuch = true;
		else state.md.inline.parse(token.content, state.md, state.env, token.children ?? []);
	}
});
markdown.validateLink = (address) => safeHref(address) !== null;
markdown.linkify.set({ fuzzyLink: true, fuzzyEmail: false, fuzzyIP: false });

/** A username as the server knows them: 3 to 32 signs, a letter or a digit at both ends. */
const MENTION = /(^|[^\p{L}\p{N}_@./-])@([a-z0-9][a-z0-9_.-]{1,30}[a-z0-9])(?![\p{L}\p{N}_@])/giu;

/** A message's text in parts. Never fails: what can't be understood is text. */
export function parse(text: string): Block[] {
	const env: { tooMuch?: boolean } = {};
	const tokens = markdown.parse(text, env);
	const parts = tokens.reduce((sum, it) => sum + 1 + (it.children?.length ?? 0), 0);
	if (env.tooMuch || parts > PARTS) return verbatim(text);
	const reader = new Reader(tokens);
	const blocks = reader.blocks();
	return reader.tooDeep ? verbatim(text) : blocks;
}

/** As it was written: paragraphs keep their line breaks. */
const verbatim = (text: string): Block[] => [{ is: "paragraph", children: [{ is: "text", text }] }];

class Reader {
	tooDeep = false;
	private at = 0;

	constructor(private readonly tokens: readonly Token[]) {}

	/** Reads blocks up to the end of the one that holds them. */
	blocks(): Block[] {
		const found: Block[] = [];
		for (;;) {
			const token = this.tokens[this.at++];
			if (!token || token.type.endsWith("_close")) return found;
			if (token.level >= DEPTH - 1) this.tooDeep = true;
			const block = this.block(token);
			if (block) found.push(block);
		}
	}

	private block(token: Token): Block | null {
		switch (token.type) {
			case "paragraph_open":
				return { is: "paragraph", children: this.line() };
			case "heading_open":
				return { is: "paragraph", children: [{ is: "strong", children: this.line() }] };
			case "fence":
				return fence(token.info.trim(), token.content);
			case "blockquote_open":
				return { is: "quote", children: this.blocks() };
			case "bullet_list_open":
				return { is: "list", ordered: false, start: 1, items: this.items() };
			case "ordered_list_open":
				return {
					is: "list",
					ordered: true,
					start: Number(token.attrGet("start") ?? 1),
					items: this.items(),
				};
			default:
				return null;
		}
	}

	private items(): Block[][] {
		const found: Block[][] = [];
		for (;;) {
			const token = this.tokens[this.at++];
			if (token?.type !== "list_item_open") return found;
			found.push(this.blocks());
		}
	}

	/** The text between the two ends of a paragraph. */
	private line(): Inline[] {
		const token = this.tokens[this.at];
		this.at += 2;
		const inline = new InlineReader(token?.children ?? []);
		const found = inline.all();
		if (inline.tooDeep) this.tooDeep = true;
		return found;
	}
}

class InlineReader {
	tooDeep = false;
	private at = 0;

	constructor(private readonly tokens: readonly Token[]) {}

	all(inLink = false): Inline[] {
		const found: Inline[] = [];
		for (;;) {
			const token = this.tokens[this.at++];
			if (!token || token.type.endsWith("_close")) return found;
			// Emphasis knows no limit of its own: a text of 16,000 stars would be 4,000 deep.
			if (token.level >= DEPTH - 1) this.tooDeep = true;
			if (this.tooDeep) return found;
			found.push(...this.inline(token, inLink));
		}
	}

	private inline(token: Token, inLink: boolean): Inline[] {
		switch (token.type) {
			case "text":
			case "text_special":
				return inLink ? textOf(token.content) : mentionsIn(token.content);
			case "softbreak":
			case "hardbreak":
				return [{ is: "break" }];
			case "code_inline":
				return [{ is: "code", text: token.content }];
			case "em_open":
				return [{ is: "emphasis", children: this.all(inLink) }];
			case "strong_open":
				return [{ is: "strong", children: this.all(inLink) }];
			case "s_open":
				return [{ is: "struck", children: this.all(inLink) }];
			case "link_open": {
				const href = safeHref(String(token.attrGet("href") ?? ""));
				const children = this.all(true);
				return href ? [{ is: "link", href, children }] : children;
			}
			default:
				return textOf(token.content);
		}
	}
}

const textOf = (text: string): Inline[] => (text ? [{ is: "text", text }] : []);

function mentionsIn(text: string): Inline[] {
	const found: Inline[] = [];
	let from = 0;
	for (const match of text.matchAll(MENTION)) {
		const username = match[2] ?? "";
		const start = match.index + (match[1]?.length ?? 0);
		found.push(...textOf(text.slice(from, start)), { is: "mention", username });
		from = start + 1 + username.length;
	}
	found.push(...textOf(text.slice(from)));
	return found;
}

/** What stands beside the fence is a language, or else the first line of what is fenced. */
function fence(info: string, text: string): Block {
	const isLanguage = text !== "" && /^[\w+#.-]{1,24}$/.test(info);
	if (info === "" || isLanguage) return { is: "fence", language: info, text };
	return { is: "fence", language: "", text: `${info}\n${text}` };
}
