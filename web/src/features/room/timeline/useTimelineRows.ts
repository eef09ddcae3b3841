import { useMemo } from "react";
import type { Message, MessageId, RoomId } from "../../../protocol";
import { myId, shown, unsentIn } from "../../../state/selectors";
import { useChat } from "../../../state/store";
import type { Stretch } from "../../../state/types";
import { readersTimeZone } from "./days";
import { rows, type TimelineRows } from "./rows";

const NONE: Stretch = { ids: [], moreBefore: false, moreAfter: false };

/** The rows of the stretch that is shown, with what waits to be sent. */
export function useTimelineRows(
	roomId: RoomId,
	newFrom: MessageId | null,
	opened: ReadonlySet<MessageId>,
): TimelineRows {
	const me = useChat(myId);
	const stretch = useChat((state) => {
		const room = state.rooms[roomId];
		return room ? shown(room) : null;
	});
	const messages = useMessages(roomId);
	const unsent = useChat((state) => unsentIn(state, roomId));
	return useMemo(
		() =>
			rows({
				...(stretch ?? NONE),
				message: (id): Message | undefined => messages?.get(id),
				unsent,
				me,
				newFrom,
				opened,
				timeZone: readersTimeZone(),
			}),
		[stretch, messages, unsent, me, newFrom, opened],
	);
}

/** What is known of the messages of a room. */
export const useMessages = (roomId: RoomId) => useChat((state) => state.rooms[roomId]?.messages);
