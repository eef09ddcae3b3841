/** Names and texts that a layout has to hold. */

export const NAMES = [
	"Nora",
	"Ines Pereira",
	"Tomas",
	"Lena, Marek",
	"张伟",
	"فاطمة الزهراء",
	"🦊 Fox",
	"Émile Zola",
	"x",
	"__--__",
	"ßtefan",
	"O’Brien",
];

export const MARKDOWN = [
	"Rolling restart is done on all three nodes. Longest interruption a client saw: `0.4 s`, nothing lost.\nThe migration ran in 4 s.",
	"That is under the budget. @nora shall we tag it? @ines knows, @nobody doesn’t.",
	"Yes. Tagging **0.4.0** now, *notes* are in the [changelog](https://example.org/changes), ~~not~~ soon at example.org.",
	"# A head is bold\n- one\n- two\n  1. inner\n  2. list\n\n> quoted text\n> > deeper",
	'```rust\nfn main() {\n    println!("a line that is longer than the room it has, so that it has to scroll sideways to be read");\n}\n```',
	"🎉",
	"👍🏽 👩‍👩‍👧‍👦 🇪🇸",
	"مرحبا بالجميع، انظروا إلى `cargo test` من فضلكم @ines",
	"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"<script>alert(1)</script> [x](javascript:alert(1)) &amp; ![no](https://example.org/x.png)",
];
