export { attention, mentions, wants } from "./attention";
export { ConversationList } from "./ConversationList";
export { CreateRoom } from "./CreateRoom";
export { RoomFields, type RoomValues } from "./RoomFields";
export { UnreadBadge } from "./UnreadBadge";
export { useConversationShortcuts } from "./useConversationShortcuts";
