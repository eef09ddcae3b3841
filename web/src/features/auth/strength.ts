/** A hint, not a rule: the server takes what has 8 characters. */

export type Strength = "short" | "weak" | "fair" | "good";

export const SHORTEST = 8;

const COMMON = /^(?:password|passwort|qwertz?u?|letmein|welcome|starling|12345678)/i;

/** Long ones are good ones; a guess at how many tries it takes, without a dictionary. */
export function strength(password: string, of: readonly string[] = []): Strength {
	const characters = [...password];
	if (characters.length < SHORTEST) return "short";
	const lower = password.toLowerCase();
	const own = of.some((it) => it.length > 2 && lower.includes(it.toLowerCase()));
	const different = new Set(characters).size;
	if (own || COMMON.test(password) || different < 5) return "weak";
	const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((it) =>
		it.test(password),
	);
	const points = characters.length + 2 * kinds.length;
	if (points < 13) return "weak";
	return points < 20 ? "fair" : "good";
}
