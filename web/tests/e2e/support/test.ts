/** `test`, with a server, people, and a watch over what no page may do. */

import { type BrowserContextOptions, test as base, expect } from "@playwright/test";
import { Account, PASSWORD } from "./account";
import { Person } from "./person";
import { type Options, Server } from "./server";
import { watch } from "./watch";

export { Account, expect, PASSWORD, Person, type Server };

interface Of {
	/** In another browser, with other properties. */
	context?: BrowserContextOptions;
	server?: Server;
	/** Their name on this server, where it matters. */
	username?: string;
}

interface Fixtures {
	/** What went wrong in any page; a test that causes it on purpose takes it out. */
	problems: string[];
	/** Somebody new, logged in, in a browser of their own that has no page open yet. */
	person: (name: string, of?: Of) => Promise<Person>;
	/** A server of this test's own. */
	ownServer: (options?: Options) => Promise<Server>;
}

interface WorkerFixtures {
	/** One for many tests: each of them has people and rooms of its own. */
	server: Server;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
	server: [
		async ({}, use) => {
			const server = await Server.start();
			await use(server);
			await server.stop();
		},
		{ scope: "worker" },
	],
	ownServer: async ({}, use) => {
		const started: Server[] = [];
		await use(async (options) => {
			const server = await Server.start(options);
			started.push(server);
			return server;
		});
		for (const server of started) await server.stop();
	},
	problems: async ({}, use) => {
		const problems: string[] = [];
		await use(problems);
		expect(problems, "no page broke the policy or threw an error that nobody caught").toEqual([]);
	},
	person: async ({ browser, server: shared, problems }, use) => {
		const contexts: Person[] = [];
		await use(async (name, { context: options = {}, server = shared, username } = {}) => {
			const account = await Account.register(server.url, name, username);
			const context = await browser.newContext({ baseURL: server.url, ...options });
			await watch(context, problems);
			await logInQuietly(context.request, account);
			const person = new Person(await context.newPage(), account);
			contexts.push(person);
			return person;
		});
		for (const person of contexts) await person.context.close();
	},
});

/** Gives the browser the cookie that a log-in would give it. */
async function logInQuietly(
	request: import("@playwright/test").APIRequestContext,
	{ url, username }: Account,
): Promise<void> {
	const data = { login: username, password: PASSWORD, cookie: true };
	const response = await request.post(`${url}/api/v1/auth/login`, { data });
	if (!response.ok()) throw new Error(`The log-in failed: ${await response.text()}`);
}
