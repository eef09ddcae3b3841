import type { TFunction } from "i18next";
import { createContext, useContext } from "react";
import type { Message, MessageId, RoomId, UserId } from "../../protocol";
import type { Replied } from "./message/replied";

/** What the parts of a room tell each other. It stays the same while the room is shown. */
export interface RoomActions {
	roomId: RoomId;
	me: UserId | null;
	/** The texts. Each row would ask for them by itself otherwise, which costs more than the row. */
	t: TFunction<"room">;
	language: string;
	/** What is answered here, and isn't loaded. */
	replied: Replied;
	/** Goes to a message of this room, and marks it for a moment. */
	jump(message: MessageId): void;
	/** Begins an answer in the composer. */
	reply(message: Message): void;
	/** Puts an own message into the composer. */
	edit(message: Message): void;
	askToDelete(message: Message): void;
	showSeenBy(message: MessageId): void;
	react(message: MessageId, emoji: string, on: boolean): void;
	/** Says what was refused. */
	refused(error: unknown): void;
	focusComposer(): void;
}

export const RoomContext = createContext<RoomActions | null>(null);

export function useRoomActions(): RoomActions {
	const actions = useContext(RoomContext);
	if (!actions) throw new Error("there is no RoomContext above this component");
	return actions;
}
