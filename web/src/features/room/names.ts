import { useCallback, useEffect } from "react";
import type { UserId } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import type { Mentioned } from "../../ui";
import { useRoomActions } from "./roomContext";

/** Somebody's name; it is asked for where it isn't known. */
export function useName(id: UserId | null): string {
	const { t } = useRoomActions();
	const { wantUsers } = useClient();
	const name = useChat((state) => (id === null ? undefined : state.users[id]?.display_name));
	const unknown = id !== null && name === undefined;
	useEffect(() => {
		if (unknown) wantUsers([id]);
	}, [unknown, id, wantUsers]);
	return name ?? t("someone");
}

/** The names of several people, in their order. */
export function useNames(ids: readonly UserId[]): string[] {
	const { t } = useRoomActions();
	const { wantUsers } = useClient();
	const names = useChat((state) => ids.map((id) => state.users[id]?.display_name));
	const unknown = ids.filter((_, at) => names[at] === undefined).join(" ");
	useEffect(() => {
		if (unknown) wantUsers(unknown.split(" "));
	}, [unknown, wantUsers]);
	return names.map((name) => name ?? t("someone"));
}

/** Finds those who are mentioned by their usernames, among the people who are known. */
export function useMention(me: UserId | null): (username: string) => Mentioned | null {
	const { users } = useChat(({ users: them }) => ({ users: them }));
	return useCallback(
		(username) => {
			const user = byUsername(users).get(username.toLowerCase());
			return user ? { id: user.id, name: user.display_name, own: user.id === me } : null;
		},
		[users, me],
	);
}

type Users = ReturnType<
	typeof Object.values<{ id: string; username: string; display_name: string }>
>;

const indexes = new WeakMap<object, Map<string, Users[number]>>();

function byUsername(users: Record<UserId, Users[number]>): Map<string, Users[number]> {
	let index = indexes.get(users);
	if (!index) {
		index = new Map(Object.values(users).map((it) => [it.username.toLowerCase(), it]));
		indexes.set(users, index);
	}
	return index;
}
