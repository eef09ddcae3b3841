// Made from the server's documents by `npm run types`.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What a client does after an error or a close.
         * @enum {string}
         */
        Advice: "retry" | "resume" | "log_in" | "fix" | "give_up";
        /** @description What a carried out command answers. */
        Answer: components["schemas"]["Hello"] | components["schemas"]["Sent"] | components["schemas"]["Member"] | components["schemas"]["Changed"] | components["schemas"]["PresenceEntry"][] | null;
        /** @description To `edit`, `delete` and `react`. */
        Changed: {
            version: components["schemas"]["EventId"];
        };
        /**
         * @description A frame from the client. `id` is the client's own number for the command; the answer carries
         *     it. Commands of one connection are carried out one after another, in the order they came.
         */
        ClientFrame: components["schemas"]["Command"] & {
            /**
             * Format: int64
             * @description Any number below 2^53; a heartbeat needs none.
             */
            id?: number;
        };
        Command: {
            /** @description The newest cursor that this client was given, on any connection; none for a fresh start. */
            cursor?: string | null;
            /** @description Whether nobody uses the device at the moment. */
            idle?: boolean;
            /** @description An access token. */
            token: string;
            /** @enum {string} */
            type: "hello";
        } | {
            token: string;
            /** @enum {string} */
            type: "renew";
        } | {
            /** @enum {string} */
            type: "heartbeat";
        } | (components["schemas"]["SendMessage"] & {
            /** @enum {string} */
            type: "send";
        }) | {
            message_id: components["schemas"]["MessageId"];
            room_id: components["schemas"]["RoomId"];
            text: string;
            /** @enum {string} */
            type: "edit";
        } | {
            message_id: components["schemas"]["MessageId"];
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "delete";
        } | {
            emoji: string;
            message_id: components["schemas"]["MessageId"];
            on: boolean;
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "react";
        } | {
            message_id: components["schemas"]["MessageId"];
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "read";
        } | {
            message_id: components["schemas"]["MessageId"];
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "delivered";
        } | {
            on: boolean;
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "typing";
        } | {
            idle: boolean;
            /** @enum {string} */
            type: "activity";
        } | {
            choice: components["schemas"]["PresenceChoice"];
            /** @enum {string} */
            type: "presence";
        } | {
            /** @enum {string} */
            type: "watch";
            user_ids: components["schemas"]["UserId"][];
        };
        /** @description An error, on the socket. Over HTTP the same stands in an `application/problem+json` document. */
        ErrorBody: {
            advice: components["schemas"]["Advice"];
            code: components["schemas"]["ErrorCode"];
            /** @description A sentence for a person. */
            detail: string;
            fields?: components["schemas"]["FieldError"][];
            /**
             * Format: int64
             * @description Not before this many milliseconds.
             */
            retry_after_ms?: number | null;
        };
        /**
         * @description A stable code for each way in which a request can fail.
         * @enum {string}
         */
        ErrorCode: "malformed" | "invalid" | "unauthenticated" | "session_ended" | "wrong_credentials" | "forbidden" | "origin_refused" | "not_found" | "method_not_allowed" | "conflict" | "username_taken" | "email_taken" | "nonce_reused" | "owner_must_stay" | "too_many_reactions" | "too_many_rooms" | "payload_too_large" | "unsupported_media_type" | "rate_limited" | "internal" | "storage_unavailable" | "overloaded" | "shutting_down";
        Event: {
            message: components["schemas"]["Message"];
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "message";
        } | {
            /** @description All of this person's reactions to the message, as they are now. */
            emojis: string[];
            message_id: components["schemas"]["MessageId"];
            /** @description All reactions to the message, as they are now. */
            reactions: components["schemas"]["ReactionSummary"][];
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "reaction";
            user_id: components["schemas"]["UserId"];
            version: components["schemas"]["EventId"];
        } | {
            room: components["schemas"]["Room"];
            /** @enum {string} */
            type: "room";
        } | {
            member: components["schemas"]["Member"];
            /** @enum {string} */
            type: "member";
        } | {
            on: boolean;
            room_id: components["schemas"]["RoomId"];
            /** @enum {string} */
            type: "typing";
            user_id: components["schemas"]["UserId"];
        } | {
            /** @enum {string} */
            type: "sessions";
            user_id: components["schemas"]["UserId"];
        } | {
            /**
             * Format: int64
             * @description When they were last there; only while they are offline, and where it is known.
             */
            last_seen?: number | null;
            status: components["schemas"]["PresenceStatus"];
            /** @enum {string} */
            type: "presence";
            user_id: components["schemas"]["UserId"];
        };
        /**
         * Format: uuid
         * @description A durable event: a `UUIDv7` from the hybrid clock. As the `version` of a state, the higher
         *     one is the newer state.
         */
        EventId: string;
        /** @description One field that was refused. */
        FieldError: {
            /** @description A sentence for a person: what is allowed. */
            detail: string;
            /** @description Its name in the request. */
            field: string;
        };
        /** @description To `hello`. */
        Hello: {
            /**
             * Format: int64
             * @description The server's heartbeat comes this often, in seconds.
             */
            heartbeat_s: number;
            /**
             * Format: int64
             * @description The server's time, in milliseconds since 1970.
             */
            now: number;
            /**
             * @description Whether the cursor was understood and is young enough; `false` means: load everything
             *     again. Always `true` where none was given.
             */
            resumed: boolean;
            session_id: components["schemas"]["SessionId"];
            /**
             * Format: int64
             * @description A connection that says nothing for this long, in seconds, is closed.
             */
            silence_limit_s: number;
            user_id: components["schemas"]["UserId"];
        };
        /** @description One person's place in one room, with how far they have received and read it. */
        Member: {
            delivered?: components["schemas"]["MessageId"] | null;
            /** Format: int64 */
            joined_at: number;
            read?: components["schemas"]["MessageId"] | null;
            role: components["schemas"]["Role"];
            room_id: components["schemas"]["RoomId"];
            state: components["schemas"]["Membership"];
            user_id: components["schemas"]["UserId"];
            version: components["schemas"]["EventId"];
        };
        /** @enum {string} */
        Membership: "joined" | "left";
        /** @description A message. */
        Message: {
            author_id: components["schemas"]["UserId"];
            /** @description True for a tombstone: the text is gone, its place stays. */
            deleted?: boolean;
            /** Format: int64 */
            edited_at?: number | null;
            /** @description Its place in the room's order, and its time. */
            id: components["schemas"]["MessageId"];
            kind: components["schemas"]["MessageKind"];
            /** @description The sender's own id for it, by which a client finds what it sent. Empty for system messages. */
            nonce?: string;
            reactions?: components["schemas"]["ReactionSummary"][];
            reactions_version?: components["schemas"]["EventId"] | null;
            reply_to?: components["schemas"]["MessageId"] | null;
            /** Format: int64 */
            sent_at: number;
            system?: components["schemas"]["SystemEvent"] | null;
            /** @description As it was written, never turned into HTML. Empty once deleted, and for system messages. */
            text: string;
            /** @description Rises with each edit and with the deletion; the message's own id at first. */
            version: components["schemas"]["EventId"];
        };
        /**
         * Format: uuid
         * @description A message: the id of the event that made it. Messages of a room are ordered by it.
         */
        MessageId: string;
        /** @enum {string} */
        MessageKind: "text" | "system";
        /**
         * @description What a person chose to show; it lasts and holds for all their devices.
         * @enum {string}
         */
        PresenceChoice: "auto" | "away" | "do_not_disturb" | "invisible";
        /** @description One person in the answer to `watch`. */
        PresenceEntry: {
            /**
             * Format: int64
             * @description As in the event.
             */
            last_seen?: number | null;
            status: components["schemas"]["PresenceStatus"];
            user_id: components["schemas"]["UserId"];
        };
        /**
         * @description What others see of whether a person is there.
         * @enum {string}
         */
        PresenceStatus: "online" | "away" | "do_not_disturb" | "offline";
        /** @description One emoji under a message. */
        ReactionSummary: {
            /** Format: int32 */
            count: number;
            emoji: string;
            /** @description Who reacted first, at most ten. */
            users: components["schemas"]["UserId"][];
        };
        /**
         * @description What a member may do in a room. Clients treat a role that they don't know as `member`.
         * @enum {string}
         */
        Role: "member" | "admin" | "owner";
        /** @description A conversation. */
        Room: {
            /** Format: int64 */
            created_at: number;
            created_by: components["schemas"]["UserId"];
            /** @description True once it was deleted: nothing in it can be read or written any more. */
            deleted?: boolean;
            description: string;
            id: components["schemas"]["RoomId"];
            kind: components["schemas"]["RoomKind"];
            /** @description Empty for a direct conversation. */
            name: string;
            /** @description The two people of a direct conversation; absent otherwise. */
            people?: components["schemas"]["UserId"][] | null;
            version: components["schemas"]["EventId"];
        };
        /**
         * Format: uuid
         * @description A conversation: a public or private room, or a direct conversation of two people.
         */
        RoomId: string;
        /** @enum {string} */
        RoomKind: "public" | "private" | "direct";
        /** @description A message to send. Over HTTP the room stands in the path. */
        SendMessage: {
            /**
             * @description Made once for each message that the person sends, and kept until it was acknowledged: 8 to
             *     64 letters, digits, `-`, `_`. The same nonce never makes a second message.
             */
            nonce: string;
            reply_to?: components["schemas"]["MessageId"] | null;
            /** @description True when this nonce may have been sent before, on any connection. */
            retry?: boolean;
            room_id: components["schemas"]["RoomId"];
            /** @description 1 to 4,000 characters and at most 16,000 bytes, not only white space. */
            text: string;
        };
        /** @description To `send`. The message is stored. */
        Sent: {
            /** @description True when an earlier attempt with this nonce had already stored it. */
            duplicate: boolean;
            message_id: components["schemas"]["MessageId"];
        };
        ServerFrame: {
            data?: components["schemas"]["Answer"];
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            type: "ok";
        } | {
            error: components["schemas"]["ErrorBody"];
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            type: "error";
        } | {
            cursor: string;
            /** @enum {string} */
            type: "caught_up";
        } | {
            cursor: string;
            /** @enum {string} */
            type: "heartbeat";
        } | {
            room_id?: components["schemas"]["RoomId"] | null;
            /** @enum {string} */
            type: "reload";
        } | {
            /** Format: int64 */
            reconnect_after_ms: number;
            /** @enum {string} */
            type: "goodbye";
        };
        /**
         * Format: uuid
         * @description One login of one person on one device.
         */
        SessionId: string;
        /** @description What a system message tells. The message's author is who did it. */
        SystemEvent: {
            /** @enum {string} */
            event: "created";
        } | {
            /** @enum {string} */
            event: "joined";
        } | {
            /** @enum {string} */
            event: "left";
        } | {
            /** @enum {string} */
            event: "added";
            user_id: components["schemas"]["UserId"];
        } | {
            /** @enum {string} */
            event: "removed";
            user_id: components["schemas"]["UserId"];
        } | {
            /** @enum {string} */
            event: "role_changed";
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        } | {
            description?: string | null;
            /** @enum {string} */
            event: "changed";
            kind?: components["schemas"]["RoomKind"] | null;
            name?: string | null;
        };
        /**
         * Format: uuid
         * @description A person.
         */
        UserId: string;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
