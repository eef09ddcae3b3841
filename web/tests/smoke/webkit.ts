/** WebKit, Safari's engine: WebKitGTK's own driver, on a screen that nobody sees. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, until } from "./browser";

const DRIVER = "/usr/bin/WebKitWebDriver";
const MINI = [
	"/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
	"/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
	"/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser",
];
const SCREEN = "/usr/bin/Xvfb";
/** As the WebDriver standard names an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const ENTER = "\uE007";

const mini = () => MINI.find((it) => existsSync(it));

export const webkitIsHere = () => existsSync(DRIVER) && existsSync(SCREEN) && mini() !== undefined;

export async function webkit(): Promise<Browser> {
	const started: ChildProcess[] = [];
	const home = await mkdtemp(join(tmpdir(), "starling-webkit-"));
	const screen = spawn(
		SCREEN,
		["-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
		{
			stdio: ["ignore", "ignore", "ignore", "pipe"],
		},
	);
	started.push(screen);
	const display = await new Promise<string>((done, failed) => {
		screen.stdio[3]?.once("data", (data) => done(`:${String(data).trim()}`));
		screen.once("exit", () => failed(new Error("Xvfb did not start")));
	});
	const port = await freePort();
	const env = {
		...process.env,
		DISPLAY: display,
		HOME: home,
		XDG_DATA_HOME: home,
		XDG_CACHE_HOME: home,
		LANG: "en_GB.UTF-8",
		LANGUAGE: "en_GB",
		// Its sandbox needs what a container does not give.
		WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
		WEBKIT_DISABLE_COMPOSITING_MODE: "1",
	};
	started.push(spawn(DRIVER, [`--port=${port}`], { env, stdio: "ignore" }));
	const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
		const response = await fetch(`http://127.0.0.1:${port}${path}`, {
			method,
			...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
		});
		const { value } = (await response.json()) as { value: T };
		if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
		return value;
	};
	await until("WebKit's driver answers", async () => {
		await ask("GET", "/status");
		return true;
	});
	const { sessionId } = await ask<{ sessionId: string }>("POST", "/session", {
		capabilities: {
			alwaysMatch: {
				browserName: "MiniBrowser",
				"webkitgtk:browserOptions": { binary: mini(), args: ["--automation"] },
			},
		},
	});
	const at = `/session/${sessionId}`;
	const run = <T>(work: (argument: string) => T, argument = "") =>
		ask<T>("POST", `${at}/execute/sync`, {
			script: `return (${work.toString()})(arguments[0])`,
			args: [argument],
		});
	const find = async (selector: string) => {
		let id = "";
		await until(`${selector} is there`, async () => {
			const found = await ask<Record<string, string>>("POST", `${at}/element`, {
				using: "css selector",
				value: selector,
			});
			id = found[ELEMENT] ?? "";
			return id !== "";
		});
		return `${at}/element/${id}`;
	};
	return {
		problems: [],
		open: (url) => ask("POST", `${at}/url`, { url }),
		run,
		click: async (selector) => ask("POST", `${await find(selector)}/click`, {}),
		type: async (selector, text) => ask("POST", `${await find(selector)}/value`, { text }),
		enter: async (selector) => ask("POST", `${await find(selector)}/value`, { text: ENTER }),
		close: async () => {
			await ask("DELETE", at).catch(() => undefined);
			for (const it of started.reverse()) it.kill();
			await rm(home, { recursive: true, force: true });
		},
	};
}

function freePort(): Promise<number> {
	return new Promise((done) => {
		const probe = createServer().listen(0, "127.0.0.1", () => {
			const address = probe.address();
			probe.close(() => done(typeof address === "object" && address ? address.port : 0));
		});
	});
}
