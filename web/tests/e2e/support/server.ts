/** A real server, as a process of its own, with a data folder and a port of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../port";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where the client was built to. */
export const DIST = here("../../../dist");

function binary(): string {
	const built = ["../../../../target/release/starling", "../../../../target/debug/starling"];
	const found = [process.env.STARLING_BIN, ...built.map(here)].find((it) => it && existsSync(it));
	if (found) return found;
	throw new Error("There is no server: run `cargo build`, or name one with STARLING_BIN.");
}

/** Many people come from one address here, and passwords protect nothing. */
const QUICK = [
	...["--limit-api", "off"],
	...["--limit-logins-to-account", "off"],
	...["--limit-logins-from-address", "off"],
	...["--limit-commands", "off"],
	...["--password-memory-kib", "8"],
	...["--password-passes", "1"],
];

export interface Options {
	/** `off`, or for example `5/10s`: the server's own default. */
	messages?: string;
	flags?: readonly string[];
	/** Serves a copy of the client, of which a newer version can be released. */
	ownClient?: boolean;
}

export class Server {
	#process: ChildProcess | null = null;
	#output = "";

	private constructor(
		readonly port: number,
		readonly folder: string,
		readonly options: Options,
	) {}

	static async start(options: Options = {}): Promise<Server> {
		const folder = await mkdtemp(join(tmpdir(), "starling-e2e-"));
		const server = new Server(await freePort(), folder, options);
		if (options.ownClient) await cp(DIST, server.#ownClient, { recursive: true });
		await server.up();
		return server;
	}

	get #ownClient(): string {
		return join(this.folder, "client");
	}

	/** Puts a newer version of the client where it finds it at its next start. */
	async releaseClient(): Promise<void> {
		const worker = join(this.#ownClient, "sw.js");
		for (const compressed of [".br", ".gz"]) await rm(worker + compressed, { force: true });
		await appendFile(worker, "\n// A newer version.\n");
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** Starts it, on the port and the data that it had before. */
	async up(): Promise<void> {
		const { messages = "off", flags = [], ownClient = false } = this.options;
		const args = [
			...["--listen", `127.0.0.1:${this.port}`, "--data", this.folder],
			...["--web-client", ownClient ? this.#ownClient : DIST],
			...["--limit-messages", messages, ...QUICK, ...flags],
		];
		const child = spawn(binary(), args, { stdio: ["ignore", "pipe", "pipe"] });
		this.#process = child;
		for (const stream of [child.stdout, child.stderr]) {
			stream?.on("data", (data) => {
				this.#output = (this.#output + data).slice(-20_000);
			});
		}
		const until = Date.now() + 30_000;
		while (!(await this.#ready())) {
			if (child.exitCode !== null || Date.now() > until) {
				throw new Error(`The server did not start:\n${this.#output}`);
			}
			await new Promise((done) => setTimeout(done, 50));
		}
	}

	/** Ends it at once, as a power cut would. */
	async kill(): Promise<void> {
		const child = this.#process;
		this.#process = null;
		if (!child || child.exitCode !== null) return;
		const gone = new Promise((done) => child.once("exit", done));
		child.kill("SIGKILL");
		await gone;
	}

	async stop(): Promise<void> {
		await this.kill();
		await rm(this.folder, { recursive: true, force: true });
	}

	async #ready(): Promise<boolean> {
		try {
			return (await fetch(`${this.url}/health/ready`)).ok;
		} catch {
			return false;
		}
	}
}
