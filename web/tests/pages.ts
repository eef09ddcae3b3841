import { fileURLToPath } from "node:url";
import { freePort } from "./port";

// Read again by each worker, which has to come to the same port.
process.env.STARLING_PAGES_PORT ??= String(await freePort());
const PORT = process.env.STARLING_PAGES_PORT;

export const PAGES = `http://127.0.0.1:${PORT}`;

/** Serves pages that show parts of the client, without a server behind them. */
export const SERVER = {
	command: `npx vite --host 127.0.0.1 --port ${PORT} --strictPort`,
	cwd: fileURLToPath(new URL("..", import.meta.url)),
	url: `${PAGES}/kit.html`,
};
