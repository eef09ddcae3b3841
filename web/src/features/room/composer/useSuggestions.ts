import { useEffect, useState } from "react";
import type { RoomId, User } from "../../../protocol";
import { useChat, useClient } from "../../../state/store";
import { type Asked, rankPeople } from "./completion";
import { emojiNames, type NamedEmoji, rankEmoji } from "./emojiNames";

export type Suggestion =
	| { is: "person"; id: string; word: string; user: User }
	| { is: "emoji"; id: string; word: string; named: NamedEmoji };

/** The server is asked when somebody stops for this long. */
const PAUSE_MS = 150;

/** What completes the word that is being written: members of the room, or emoji. */
export function useSuggestions(roomId: RoomId, asked: Asked | null): readonly Suggestion[] {
	const people = usePeople(roomId, asked?.kind === "mention" ? asked.query : null);
	const emoji = useEmoji(asked?.kind === "emoji" ? asked.query : null);
	return asked?.kind === "mention" ? people : emoji;
}

function usePeople(roomId: RoomId, query: string | null): readonly Suggestion[] {
	const { findMembers } = useClient();
	const complete = useChat((state) => state.rooms[roomId]?.membersLoaded ?? false);
	const known = useChat((state) => {
		if (query === null) return [];
		const members = Object.values(state.rooms[roomId]?.members ?? {});
		return members.flatMap((it) => {
			const user = it.state === "joined" ? state.users[it.user_id] : undefined;
			return user ? [user] : [];
		});
	});
	const [found, setFound] = useState<readonly User[]>([]);
	useEffect(() => {
		if (query === null || complete) return setFound([]);
		let wanted = true;
		const timer = setTimeout(() => {
			findMembers(roomId, query).then(
				(entries) => wanted && setFound(entries.map((it) => it.user)),
				// Those who are known will do.
				() => undefined,
			);
		}, PAUSE_MS);
		return () => {
			wanted = false;
			clearTimeout(timer);
		};
	}, [query, complete, findMembers, roomId]);
	if (query === null) return [];
	const all = new Map([...known, ...found].map((it) => [it.id, it]));
	return rankPeople([...all.values()], query).map((user) => ({
		is: "person",
		id: user.id,
		word: `@${user.username}`,
		user,
	}));
}

function useEmoji(query: string | null): readonly Suggestion[] {
	const [all, setAll] = useState<readonly NamedEmoji[]>([]);
	const needed = query !== null;
	useEffect(() => {
		if (!needed) return;
		let wanted = true;
		emojiNames().then(
			(it) => wanted && setAll(it),
			() => undefined,
		);
		return () => {
			wanted = false;
		};
	}, [needed]);
	if (query === null) return [];
	return rankEmoji(all, query).map((named) => ({
		is: "emoji",
		id: named.name,
		word: named.emoji,
		named,
	}));
}
