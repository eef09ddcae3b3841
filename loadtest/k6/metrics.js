// What is counted beside k6's own metrics.

import { Counter, Trend } from "k6/metrics";

/** Sockets that are open and up to date when a stage ends; tag `connections`: the stage. */
export const connections = new Counter("connections");
/** Rooms that came to an end, and told what was lost; tag `kind`: `chat` or `polling`. */
export const rooms = new Counter("rooms");
/** Messages that were acknowledged. */
export const messages = new Counter("messages");
/** Receipts of a message by one member; tag `connections`. */
export const deliveries = new Counter("deliveries");
/** Acknowledged messages that did not reach a member, and those that a socket was told twice. */
export const lost = new Counter("deliveries_lost");
export const doubled = new Counter("deliveries_doubled");
/** From when a message should have been sent to its receipt at each member; tag `connections`. */
export const delivery = new Trend("delivery", true);
/** From the same time to the acknowledgement. */
export const acknowledgement = new Trend("acknowledgement", true);
/** The same as `delivery`, for those who poll. */
export const polledDelivery = new Trend("polled_delivery", true);
/** Whatever the server or the connection did that it should not; tag `code`. */
export const errors = new Counter("errors");

let told = 0;

/** Counts an error; the first few of each VU are shown. */
export function failed(code, detail) {
	errors.add(1, { code });
	told += 1;
	if (told <= 3) {
		console.error(`${code}: ${detail}`);
	}
}
