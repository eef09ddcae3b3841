import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { type Action, may } from "../../../src/features/permissions";
import type { Role, Room, RoomKind } from "../../../src/protocol";

const page = readFileSync(resolve("../docs/permissions.md"), "utf8");

const ACTIONS: Record<string, Action> = {
	join: { do: "join" },
	leave: { do: "leave" },
	"add somebody": { do: "add" },
	"remove a member": { do: "remove", of: "member" },
	"remove an admin": { do: "remove", of: "admin" },
	"remove the owner": { do: "remove", of: "owner" },
	"make somebody an admin": { do: "set_role", of: "member" },
	"make an admin a member again": { do: "set_role", of: "admin" },
	"take the owner's role from them": { do: "set_role", of: "owner" },
	"hand the room over": { do: "hand_over" },
	"change name, description, whether it is public": { do: "change" },
	"delete the room": { do: "delete_room" },
	"delete a message of somebody who has left": { do: "delete_message", by: "gone" },
	"delete a member's message": { do: "delete_message", by: "member" },
	"delete an admin's message": { do: "delete_message", by: "admin" },
	"delete the owner's message": { do: "delete_message", by: "owner" },
};

const KINDS: RoomKind[] = ["public", "private"];
const room = (kind: RoomKind): Room => ({
	id: "r",
	kind,
	name: "lobby",
	description: "",
	created_at: 0,
	created_by: "u",
	version: "v",
});

function rows(): Map<string, string[]> {
	const lines = page.split("\n").filter((line) => line.startsWith("| "));
	const cells = lines.map((line) =>
		line
			.split("|")
			.slice(1, -1)
			.map((cell) => cell.trim()),
	);
	return new Map(cells.map(([action = "", ...who]) => [action, who]));
}

const allows = (cell: string | undefined, kind: RoomKind) =>
	cell === "yes" || (cell ?? "").split(", ").includes(kind);

describe("permissions are those of the server's table", () => {
	const table = rows();
	const columns: [string, Role | null, "user" | "admin"][] = [
		["outsider", null, "user"],
		["member", "member", "user"],
		["admin", "admin", "user"],
		["owner", "owner", "user"],
		["server admin", null, "admin"],
	];
	for (const [name, action] of Object.entries(ACTIONS)) {
		test(name, () => {
			const cells = table.get(name);
			expect(cells).toBeDefined();
			for (const [index, [, role, server]] of columns.entries()) {
				for (const kind of KINDS) {
					const said = may({ room: room(kind), role, server }, action);
					expect([index, kind, said]).toEqual([index, kind, allows(cells?.[index], kind)]);
				}
			}
		});
	}
});
