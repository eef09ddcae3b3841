/** What goes over HTTP for each command of the socket, where there is no socket. */

import type { Command } from "../protocol";
import type { Method } from "./http";

export interface Call {
	method: Method;
	path: string;
	query?: Record<string, string>;
	body?: unknown;
}

const room = (id: string) => `/api/v1/rooms/${encodeURIComponent(id)}`;
const message = (roomId: string, id: string) =>
	`${room(roomId)}/messages/${encodeURIComponent(id)}`;

/** `null`: polling says it otherwise, or has no need of it. */
export function overHttp(command: Command): Call | null {
	switch (command.type) {
		case "send": {
			const { nonce, text, reply_to, retry } = command;
			const path = `${room(command.room_id)}/messages`;
			return { method: "POST", path, body: { nonce, text, reply_to, retry } };
		}
		case "edit": {
			const path = message(command.room_id, command.message_id);
			return { method: "PATCH", path, body: { text: command.text } };
		}
		case "delete":
			return { method: "DELETE", path: message(command.room_id, command.message_id) };
		case "react": {
			const { room_id, message_id, emoji, on } = command;
			const path = `${message(room_id, message_id)}/reactions/${encodeURIComponent(emoji)}`;
			return { method: on ? "PUT" : "DELETE", path };
		}
		case "read":
		case "delivered": {
			const body = { [command.type]: command.message_id };
			return { method: "PUT", path: `${room(command.room_id)}/receipt`, body };
		}
		case "typing":
			return { method: "PUT", path: `${room(command.room_id)}/typing`, body: { on: command.on } };
		case "presence":
			return { method: "PUT", path: "/api/v1/me/presence", body: { choice: command.choice } };
		case "watch":
			if (command.user_ids.length === 0) return null;
			return {
				method: "GET",
				path: "/api/v1/presence",
				query: { ids: command.user_ids.join(",") },
			};
		case "hello":
		case "renew":
		case "heartbeat":
		case "activity":
			return null;
	}
}
