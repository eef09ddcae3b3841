/** Stands between browser and server, and does what bad networks and browsers do. */

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";

export interface Faults {
	/** `refused` answers the handshake with an error, `silent` never answers it. */
	webSocket?: "refused" | "silent";
	/** The browser is never given a cookie. */
	noCookies?: boolean;
}

export class Proxy {
	private constructor(
		readonly url: string,
		readonly stop: () => Promise<void>,
	) {}

	static async before(port: number, faults: Faults): Promise<Proxy> {
		const sockets = new Set<Socket>();
		const server = createServer((asked, answer) => pass(port, faults, asked, answer));
		server.on("connection", (socket) => {
			sockets.add(socket);
			socket.once("close", () => sockets.delete(socket));
		});
		server.on("upgrade", (asked, socket: Socket, head) => {
			if (faults.webSocket === "refused") socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
			else if (faults.webSocket === undefined) tunnel(port, asked, socket, head);
		});
		await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
		const address = server.address();
		const own = typeof address === "object" && address ? address.port : 0;
		return new Proxy(`http://127.0.0.1:${own}`, async () => {
			for (const socket of sockets) socket.destroy();
			await new Promise((done) => server.close(done));
		});
	}
}

function pass(port: number, faults: Faults, asked: IncomingMessage, answer: ServerResponse): void {
	const { method, url, headers } = asked;
	const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (got) => {
		const kept = { ...got.headers };
		if (faults.noCookies) delete kept["set-cookie"];
		answer.writeHead(got.statusCode ?? 502, kept);
		got.pipe(answer);
	});
	onward.on("error", () => answer.destroy());
	answer.on("close", () => onward.destroy());
	asked.pipe(onward);
}

function tunnel(port: number, asked: IncomingMessage, socket: Socket, head: Buffer): void {
	const onward = connect(port, "127.0.0.1", () => {
		const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
		for (let at = 0; at < asked.rawHeaders.length; at += 2) {
			lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
		}
		onward.write(`${lines.join("\r\n")}\r\n\r\n`);
		onward.write(head);
		onward.pipe(socket).pipe(onward);
	});
	onward.on("error", () => socket.destroy());
	socket.on("error", () => onward.destroy());
}
