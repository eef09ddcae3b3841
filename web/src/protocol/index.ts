/** The names of the wire's types. They are made from the server's documents: `npm run types`. */

import type { components as Frames } from "./frames";
import type { components as Http } from "./http";

export { CLOSE_CODES, ERROR_CODES } from "./codes";

type Frame = Frames["schemas"];
type Body = Http["schemas"];

export type Command = Frame["ClientFrame"];
export type ServerFrame = Frame["ServerFrame"] | Frame["Event"];
export type Event = Frame["Event"];
export type Hello = Frame["Hello"];
export type Sent = Frame["Sent"];
export type Changed = Frame["Changed"];
export type Advice = Frame["Advice"];
/**
 * The server's codes, and those of our own.
 * - `unreachable`: no answer came, or none that the server gave.
 * - `unsure`: a message was tried so long ago that to try again might send it twice.
 */
export type ErrorCode = Frame["ErrorCode"] | "unreachable" | "unsure";
export type ErrorBody = Omit<Frame["ErrorBody"], "code"> & { code: ErrorCode };

export type UserId = Body["UserId"];
export type RoomId = Body["RoomId"];
export type MessageId = Body["MessageId"];
export type SessionId = Body["SessionId"];
/** Sorts by time, as text. */
export type EventId = Body["EventId"];

export type User = Body["User"];
export type Me = Body["Me"];
export type Session = Body["Session"];
export type Room = Body["Room"];
export type RoomKind = Body["RoomKind"];
export type Role = Body["Role"];
export type Member = Body["Member"];
export type Message = Body["Message"];
export type HistoryMessage = Body["HistoryMessage"];
export type SystemEvent = Body["SystemEvent"];
export type ReactionSummary = Body["ReactionSummary"];
export type PresenceStatus = Body["PresenceStatus"];
export type PresenceChoice = Body["PresenceChoice"];
export type PresenceEntry = Body["PresenceEntry"];

export type Tokens = Body["Tokens"];
export type Conversation = Body["Conversation"];
export type RoomDetails = Body["RoomDetails"];
export type PublicRooms = Body["PublicRooms"];
export type Members = Body["Members"];
export type MemberEntry = Body["MemberEntry"];
export type History = Body["History"];
export type SeenBy = Body["SeenBy"];
export type Conversations = Body["Conversations"];
export type Polled = Omit<Body["Polled"], "events"> & { events: (Event | Reload)[] };
/** More happened than is told. */
export type Reload = Extract<Frame["ServerFrame"], { type: "reload" }>;
export type Problem = Body["Problem"];
