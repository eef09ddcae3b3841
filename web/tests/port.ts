import { createServer } from "node:net";

/** A port of loopback that nobody uses at the moment. */
export function freePort(): Promise<number> {
	return new Promise((done, failed) => {
		const probe = createServer();
		probe.once("error", failed);
		probe.listen(0, "127.0.0.1", () => {
			const address = probe.address();
			probe.close(() => done(typeof address === "object" && address ? address.port : 0));
		});
	});
}
