import type { Block, Inline } from "./ast";
import { cached } from "./cache";
import { parse } from "./parse";

const CACHED = 500;

/** A message in one line, without its signs: for lists, notifications and quotes. */
export const plainText = cached((text) => tidy(blocks(parse(text))), CACHED);

const tidy = (text: string) => text.replace(/\s+/gu, " ").trim();

const blocks = (them: readonly Block[]): string => them.map(block).join(" ");

function block(it: Block): string {
	switch (it.is) {
		case "paragraph":
			return it.children.map(inline).join("");
		case "fence":
			return it.text;
		case "quote":
			return blocks(it.children);
		case "list":
			return it.items.map(blocks).join(" ");
	}
}

function inline(it: Inline): string {
	switch (it.is) {
		case "text":
		case "code":
			return it.text;
		case "break":
			return " ";
		case "mention":
			return `@${it.username}`;
		default:
			return it.children.map(inline).join("");
	}
}
