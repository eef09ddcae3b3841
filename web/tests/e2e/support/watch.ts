/** What no test may cause: an exception that nobody catches, an error that is
 * caught and shown, or something that the policy forbids. */

import type { BrowserContext } from "@playwright/test";

const MARK = "policy violated:";
/** What a browser says of a network that is away, and of answers that are refusals. */
const OF_THE_NETWORK = /^Failed to load resource|^WebSocket connection|net::ERR_/;

/** Collects them into `problems`, from all pages of the context. */
export async function watch(context: BrowserContext, problems: string[]): Promise<void> {
	await context.addInitScript((mark) => {
		document.addEventListener("securitypolicyviolation", (it) => {
			console.error(mark, it.effectiveDirective, it.blockedURI, it.sample, it.sourceFile);
		});
	}, MARK);
	context.on("weberror", (it) => problems.push(`uncaught: ${it.error().stack ?? it.error()}`));
	context.on("console", (it) => {
		if (it.type() === "error" && !OF_THE_NETWORK.test(it.text())) problems.push(it.text());
	});
}
