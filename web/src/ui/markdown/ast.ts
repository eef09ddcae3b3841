/** What a message may consist of. There is nothing else that could be shown. */

export type Inline =
	| { is: "text"; text: string }
	| { is: "break" }
	| { is: "code"; text: string }
	| { is: "emphasis" | "strong" | "struck"; children: Inline[] }
	| { is: "link"; href: string; children: Inline[] }
	| { is: "mention"; username: string };

export type Block =
	| { is: "paragraph"; children: Inline[] }
	| { is: "fence"; language: string; text: string }
	| { is: "quote"; children: Block[] }
	| { is: "list"; ordered: boolean; start: number; items: Block[][] };
