/** Which messages have just come for this person. Pure. */

import type { Me, Message } from "../../protocol";
import type { RoomState, State } from "../../state/types";
import { wants } from "../conversations";

export interface Arrival {
	it: RoomState;
	message: Message;
}

/**
 * The newest message of each room that has a new one, where this person waits for it. What is caught
 * up with after an absence counts; what was there when the client was opened does not.
 */
export function arrivals(before: State, after: State, me: Me): Arrival[] {
	if (before.rooms === after.rooms || after.connection.at === "connecting") return [];
	return Object.values(after.rooms).flatMap((it) => {
		const was = before.rooms[it.room.id];
		if (!was || was === it || was.lastMessage === it.lastMessage || !it.lastMessage) return [];
		if (was.lastMessage !== null && it.lastMessage < was.lastMessage) return [];
		const message = it.messages.get(it.lastMessage);
		if (!message || !wants(it, message, me)) return [];
		return message.id <= (it.me?.read ?? "") ? [] : [{ it, message }];
	});
}
