// A room with a history, which its readers page through, backwards and forwards.

import { sleep } from "k6";
import exec from "k6/execution";
import { get, makeRoom, write } from "./api.js";
import { failed } from "./metrics.js";
import { historyMessages } from "./settings.js";

const PAGE = 25;

/** Each VU's own room: its id, whose token reads it, and the ids of its messages. */
let room = null;

export function history() {
	room ??= prepare();
	if (room !== null) {
		same(
			"backwards",
			page("before", (messages) => messages[0].id),
		);
		same(
			"forwards",
			page("after", (messages) => messages[messages.length - 1].id),
		);
	}
	sleep(1);
}

function prepare() {
	const made = makeRoom("h", 2);
	if (made === null) {
		return null;
	}
	const [writer, token] = made.members;
	const written = [];
	for (let number = 0; number < historyMessages; number += 1) {
		const nonce = `history-${exec.vu.idInTest}-${number}`;
		const id = write(made.id, writer, nonce, `Message ${number} of a history.`);
		if (id === null) {
			return null;
		}
		written.push(id);
	}
	return { id: made.id, token, written };
}

/** The ids of the room's text messages, as its pages give them: from the newest, or from the first. */
function page(direction, next) {
	const found = [];
	let address = `/rooms/${room.id}/messages?limit=${PAGE}`;
	if (direction === "after") {
		// What is after a room's own id is everything: it is older than its messages.
		address += `&after=${room.id}`;
	}
	for (;;) {
		const answer = get("history", address, room.token);
		if (!answer) {
			return found;
		}
		const { messages } = answer;
		const ids = messages.filter(({ kind }) => kind === "text").map(({ id }) => id);
		if (direction === "before") {
			found.unshift(...ids);
		} else {
			found.push(...ids);
		}
		const more = direction === "before" ? answer.more_before : answer.more_after;
		if (!more || messages.length === 0) {
			return found;
		}
		address = `/rooms/${room.id}/messages?limit=${PAGE}&${direction}=${next(messages)}`;
	}
}

function same(how, found) {
	if (found.length !== room.written.length || found.some((id, at) => id !== room.written[at])) {
		failed("wrong_history", `${how}, ${found.length} messages of ${room.written.length}`);
	}
}
