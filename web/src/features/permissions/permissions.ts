/** Who may do what in a room, as `docs/permissions.md` says. The server decides; this hides what it would refuse. */

import type { Me, Role, Room } from "../../protocol";

export type Action =
	| { do: "join" | "leave" | "add" | "change" | "delete_room" | "hand_over" }
	| { do: "remove"; of: Role }
	| { do: "set_role"; of: Role }
	| { do: "delete_message"; by: Role | "gone" };

interface Who {
	room: Room;
	/** `null`: an outsider. */
	role: Role | null;
	/** What they are on the server. */
	server: Me["role"];
}

const MODERATORS: readonly (Role | null)[] = ["admin", "owner"];

export function may({ room, role, server }: Who, action: Action): boolean {
	if (room.deleted) return false;
	const direct = room.kind === "direct";
	const moderator = MODERATORS.includes(role);
	const overseer = server === "admin" && room.kind === "public";
	switch (action.do) {
		case "join":
			return role === null && room.kind === "public";
		// The owner, too, but only after handing the room over (`owner_must_stay`).
		case "leave":
			return role !== null && !direct;
		case "add":
		case "change":
			return moderator && !direct;
		case "delete_room":
			return !direct && (role === "owner" || overseer);
		case "hand_over":
			return role === "owner" && !direct;
		case "remove":
			if (direct || action.of === "owner") return false;
			return role === "owner" || overseer || (moderator && action.of === "member");
		case "set_role":
			return role === "owner" && !direct && action.of !== "owner";
		case "delete_message":
			return role === "owner" || overseer || (moderator && action.by !== "owner");
	}
}
