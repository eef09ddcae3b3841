/** A short story in the engines that the other tests don't run in. */

import { expect, test } from "@playwright/test";
import { Account, PASSWORD } from "../e2e/support/account";
import { Server } from "../e2e/support/server";
import { type Browser, until } from "./browser";
import { firefox, firefoxPath } from "./firefox";
import { webkit, webkitIsHere } from "./webkit";

const HERE: Record<string, { start: () => Promise<Browser>; is: () => boolean }> = {
	Firefox: { start: firefox, is: () => firefoxPath() !== undefined },
	WebKit: { start: webkit, is: webkitIsHere },
};

const body = (browser: Browser) => browser.run(() => document.body.innerText);

/** Presses the button or link on which this stands. */
async function press(browser: Browser, text: string): Promise<void> {
	await until(`"${text}" can be pressed`, () =>
		browser.run((wanted) => {
			for (const old of document.querySelectorAll("[data-wanted]"))
				old.removeAttribute("data-wanted");
			const all = [...document.querySelectorAll<HTMLElement>("button, a")];
			const found = all.find((it) => it.innerText.trim() === wanted || it.ariaLabel === wanted);
			found?.setAttribute("data-wanted", "");
			return found !== undefined;
		}, text),
	);
	await browser.click("[data-wanted]");
}

const says = (browser: Browser, text: string) =>
	until(`the page says "${text}"`, async () => (await body(browser)).includes(text));

for (const [name, { start, is }] of Object.entries(HERE)) {
	test(`${name}: sign up, make a room, write, reload, still logged in, everything once`, async () => {
		expect(is(), `${name} is installed (\`make browsers\` does it)`).toBe(true);
		const server = await Server.start();
		const browser = await start();
		try {
			await browser.open(`${server.url}/register`);
			await browser.type("[name=username]", "ada");
			await browser.type("[name=email]", "ada@example.org");
			await browser.type("[name=display_name]", "Ada");
			await browser.type("[name=password]", PASSWORD);
			await press(browser, "Sign up");
			await press(browser, "Create a room");
			await browser.type("[role=dialog] input:not([type=radio])", "harbour");
			await press(browser, "Create room");
			await says(browser, "This is where #harbour begins");

			const bob = await Account.register(server.url, "Bob", "bob");
			const room = await browser.run(() => location.pathname.split("/")[2] ?? "");
			await bob.join(room);
			await browser.type("main textarea", "Hello, **world**");
			await browser.enter("main textarea");
			await until("it is stored", async () => (await bob.texts(room)).length === 1);
			await bob.say(room, "Hello yourself");
			await says(browser, "Hello yourself");

			await browser.open(`${server.url}/r/${room}`);
			await says(browser, "Hello yourself");
			await says(browser, "Hello, world");
			const articles = await browser.run(() =>
				[...document.querySelectorAll("[role=log] article")].map(
					(it) => it.querySelector("[id$=-text]")?.textContent,
				),
			);
			expect(articles).toEqual(["Hello, world", "Hello yourself"]);
			expect(
				await browser.run(() => document.querySelector("[role=log] strong")?.textContent),
			).toBe("world");

			await server.kill();
			await browser.type("main textarea", "while it was away");
			await browser.enter("main textarea");
			await says(browser, "while it was away");
			await server.up();
			await until("it goes out when the server is back", async () => {
				const again = await Account.logIn(server.url, bob);
				return (await again.texts(room)).filter((it) => it === "while it was away").length === 1;
			});
			expect(browser.problems).toEqual([]);
		} finally {
			await browser.close();
			await server.stop();
		}
	});
}
