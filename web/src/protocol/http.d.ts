// Made from the server's documents by `npm run types`.

export interface paths {
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Log in with a username or an e-mail address, and the password. */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End this session. Its sockets close at once, and its cookie is taken back. */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the refresh token, and get a new access token.
         * @description A token that was replaced within the last ten seconds gives the same successor again; one that
         *     was replaced before ends its session, because somebody else has it.
         *
         *     The token is in the body, or with `cookie` in the cookie. Where the session has ended, the cookie
         *     is taken back.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make an account, and log it in.
         * @description The first account of a new server is its admin.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/direct": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The conversation with one other person; made where there is none. */
        post: operations["open_direct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Wait for events.
         * @description Answers at once with what happened after the cursor, or as soon as something happens, or with
         *     nothing when the wait is over. Without a cursor it answers at once with one. Not counted as an
         *     API request, but limited to 600 a minute for each session.
         */
        get: operations["poll"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who one is. */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change the password. Other sessions end. */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** What one shows to others, on all devices, until changed. */
        put: operations["choose_presence"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's sessions; the newest use first. */
        get: operations["sessions"];
        put?: never;
        post?: never;
        /** End all of one's sessions. Their sockets close at once. */
        delete: operations["revoke_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of one's sessions. Its sockets close at once. */
        delete: operations["revoke_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who of these is there. Left out: those of whom nothing is known yet, because the server has only
         *     just started.
         */
        get: operations["presence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's conversations, each with its newest message and what is unread; the newest first. */
        get: operations["conversations"];
        put?: never;
        /** Make a room. One is its owner. */
        post: operations["create_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A room that one is in, or that is public. */
        get: operations["room"];
        put?: never;
        post?: never;
        /** Delete it, with everything in it, for everybody. */
        delete: operations["delete_room"];
        options?: never;
        head?: never;
        /** Change its name, description, or whether it is public. */
        patch: operations["change_room"];
        trace?: never;
    };
    "/api/v1/rooms/{id}/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Join a public room. That one is in it already is no error. */
        post: operations["join_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Leave a room. */
        post: operations["leave_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The members of a room, a hundred a page. */
        get: operations["members"];
        put?: never;
        /** Add somebody. */
        post: operations["add_member"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove somebody. */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        /** Give somebody another role; `owner` hands the room over. */
        patch: operations["change_member"];
        trace?: never;
    };
    "/api/v1/rooms/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A part of a room's history, oldest first. */
        get: operations["history"];
        put?: never;
        /** Send a text message. Trying again with the same nonce never makes a second one. */
        post: operations["send_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/messages/{message_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a message for everyone; a tombstone stays. */
        delete: operations["delete_message"];
        options?: never;
        head?: never;
        /** Replace the text of an own message. */
        patch: operations["edit_message"];
        trace?: never;
    };
    "/api/v1/rooms/{id}/messages/{message_id}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** React to a message. */
        put: operations["react"];
        post?: never;
        /** Take a reaction back. */
        delete: operations["unreact"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/messages/{message_id}/seen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who received and who read a message. */
        get: operations["seen_by"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Say how far one has received and read. Only ever raises it. */
        put: operations["mark"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{id}/typing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Say that one is writing, or stopped. */
        put: operations["typing"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/public": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public rooms, newest first, fifty a page. */
        get: operations["public_rooms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/socket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Open the socket (RFC 6455). The subprotocol is `starling.v1`; `asyncapi.json` has the frames. */
        get: operations["open_socket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Several people. Those that do not exist are left out. */
        get: operations["users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One person. */
        get: operations["user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/by-username/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The person with this username, whatever its letters' case. */
        get: operations["user_by_username"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process lives. */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The server can do its work: the store reads and writes, and it is not stopping. What else may
         *     not work at this moment is named.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics, in the text format of Prometheus. Not found where they have an address of their own. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AddMember: {
            user_id: components["schemas"]["UserId"];
        };
        /**
         * @description What a client does after an error or a close.
         * @enum {string}
         */
        Advice: "retry" | "resume" | "log_in" | "fix" | "give_up";
        /** @description To `edit`, `delete` and `react`. */
        Changed: {
            version: components["schemas"]["EventId"];
        };
        ChangeMember: {
            /** @description `owner` hands the room over: whoever gives it away becomes an admin. */
            role: components["schemas"]["Role"];
        };
        ChangePassword: {
            current_password: string;
            new_password: string;
        };
        /** @description What is absent stays as it is. */
        ChangeRoom: {
            description?: string | null;
            kind?: components["schemas"]["RoomKind"] | null;
            name?: string | null;
        };
        /** @description One conversation in one's list. */
        Conversation: {
            last_message?: components["schemas"]["Message"] | null;
            /** @description One's own place in it. */
            member: components["schemas"]["Member"];
            room: components["schemas"]["Room"];
            /**
             * Format: int32
             * @description Text messages of others after one's read watermark that are not deleted. Counted up to 100.
             */
            unread: number;
        };
        Conversations: {
            conversations: components["schemas"]["Conversation"][];
        };
        /** @enum {string} */
        Degraded: "bus";
        EditMessage: {
            text: string;
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
        /** @description A part of a room's history, oldest first. */
        History: {
            messages: components["schemas"]["HistoryMessage"][];
            /** @description Whether there are newer messages than these. */
            more_after: boolean;
            /** @description Whether there are older messages than these. */
            more_before: boolean;
        };
        HistoryMessage: components["schemas"]["Message"] & {
            /** @description One's own reactions to it. */
            my_reactions?: string[];
        };
        Login: {
            /** @description As with `register`. */
            cookie?: boolean;
            device?: string | null;
            /** @description The username or the e-mail address. */
            login: string;
            password: string;
        };
        /** @description The person who asks. */
        Me: components["schemas"]["User"] & {
            email: string;
            presence: components["schemas"]["PresenceChoice"];
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
        MemberEntry: {
            member: components["schemas"]["Member"];
            user: components["schemas"]["User"];
        };
        Members: {
            /** @description By the id of the user. */
            members: components["schemas"]["MemberEntry"][];
            next?: components["schemas"]["UserId"] | null;
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
        NewRoom: {
            /** @description At most 1,000 characters. */
            description?: string;
            /** @description `public` or `private`. */
            kind: components["schemas"]["RoomKind"];
            /** @description 1 to 80 characters. */
            name: string;
        };
        OpenDirect: {
            user_id: components["schemas"]["UserId"];
        };
        /** @description What a poll gives. */
        Polled: {
            /** @description For the next poll, and as good for a `hello`. */
            cursor: string;
            /** @description Frames as on the socket: events, and `reload`. */
            events: Record<string, never>[];
            /** @description `false`: the cursor was not understood or is too old; load everything again. */
            resumed: boolean;
        };
        /** @description As [`super::client::SendMessage`], without the room. */
        PostMessage: {
            nonce: string;
            reply_to?: components["schemas"]["MessageId"] | null;
            retry?: boolean;
            text: string;
        };
        PresenceBody: {
            choice: components["schemas"]["PresenceChoice"];
        };
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
        /** @description An error (RFC 9457), sent as `application/problem+json`. */
        Problem: components["schemas"]["ErrorBody"] & {
            /** @description The request's id, for the operator's logs. */
            request_id: string;
            /** Format: int32 */
            status: number;
            /** @description The code's meaning. */
            title: string;
            /** @description An address that stands for the code; it need not lead anywhere. */
            type: string;
        };
        PublicRooms: {
            next?: components["schemas"]["RoomId"] | null;
            /** @description Newest first. */
            rooms: components["schemas"]["RoomDetails"][];
        };
        /** @description One emoji under a message. */
        ReactionSummary: {
            /** Format: int32 */
            count: number;
            emoji: string;
            /** @description Who reacted first, at most ten. */
            users: components["schemas"]["UserId"][];
        };
        /** @description A server that can do its work. */
        Readiness: {
            /** @description What does not work at this moment; empty: everything does. */
            degraded: components["schemas"]["Degraded"][];
        };
        /** @description How far one has received and read; at least one of the two. */
        Receipt: {
            delivered?: components["schemas"]["MessageId"] | null;
            read?: components["schemas"]["MessageId"] | null;
        };
        /** @description Either of the two, not both. */
        Refresh: {
            /** @description The token is in the cookie, and so is the one that replaces it. */
            cookie?: boolean;
            refresh_token?: string | null;
        };
        /** @description A new account. */
        Register: {
            /**
             * @description Whether the refresh token is given as a cookie, which no script can read, and not in the
             *     answer. For browsers.
             */
            cookie?: boolean;
            /** @description A name for the device that this is done on, at most 64 characters. */
            device?: string | null;
            /** @description 1 to 64 characters; the username where it is absent. */
            display_name?: string | null;
            email: string;
            /** @description 8 to 256 characters. */
            password: string;
            /** @description 3 to 32 of `a-z`, `0-9`, `_`, `.`, `-`, in any case; it begins and ends with a letter or digit. */
            username: string;
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
        /** @description A room as anybody may see it who can find it. */
        RoomDetails: {
            member?: components["schemas"]["Member"] | null;
            /** Format: int32 */
            member_count: number;
            room: components["schemas"]["Room"];
        };
        /**
         * Format: uuid
         * @description A conversation: a public or private room, or a direct conversation of two people.
         */
        RoomId: string;
        /** @enum {string} */
        RoomKind: "public" | "private" | "direct";
        /** @description Who received and who read a message, its author left out. */
        SeenBy: {
            delivered: components["schemas"]["UserId"][];
            read: components["schemas"]["UserId"][];
        };
        /** @description To `send`. The message is stored. */
        Sent: {
            /** @description True when an earlier attempt with this nonce had already stored it. */
            duplicate: boolean;
            message_id: components["schemas"]["MessageId"];
        };
        /**
         * @description What a person may do on the whole server.
         * @enum {string}
         */
        ServerRole: "user" | "admin";
        /** @description A login on a device, as its owner sees it. */
        Session: {
            /** @description The network address that it was last used from. */
            address: string;
            /** Format: int64 */
            created_at: number;
            /** @description Whether it is the session of the request that asked. */
            current?: boolean;
            /** @description The name that the client gave its device. */
            device: string;
            /**
             * Format: int64
             * @description It ends by itself when it was not refreshed until then.
             */
            expires_at: number;
            id: components["schemas"]["SessionId"];
            /** Format: int64 */
            last_used_at: number;
            /** @description The `User-Agent` header of the login, cut to 256 bytes. */
            user_agent: string;
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
        /** @description What a login or a refresh gives. */
        Tokens: {
            /** @description For `Authorization: Bearer` and for `hello`. */
            access_token: string;
            /**
             * Format: int64
             * @description How long it is valid, in seconds.
             */
            expires_in_s: number;
            /** @description Replaces the one before; that one is not to be used again. Absent where it is in the cookie. */
            refresh_token?: string | null;
            session: components["schemas"]["Session"];
            user: components["schemas"]["User"];
        };
        TypingBody: {
            on: boolean;
        };
        /** @description A person, as everybody may see them. */
        User: {
            /** Format: int64 */
            created_at: number;
            display_name: string;
            id: components["schemas"]["UserId"];
            role: components["schemas"]["ServerRole"];
            /** @description Unique, whatever its letters' case. */
            username: string;
        };
        /**
         * Format: uuid
         * @description A person.
         */
        UserId: string;
    };
    responses: {
        /** @description `unauthenticated`, `session_ended` */
        NotLoggedIn: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `rate_limited`; `retry-after` says when to try again */
        TooMany: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `storage_unavailable`, `overloaded`, `shutting_down` */
        Unavailable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description `wrong_credentials`, `rate_limited`; with `cookie` also `origin_refused` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    /** @description With `cookie`: the refresh token. */
                    "set-cookie"?: string | null;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: {
                /** @description With `cookie`: the refresh token. */
                starling_refresh?: string | null;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Refresh"];
            };
        };
        responses: {
            /** @description `malformed`, `invalid`, `session_ended`; with `cookie` also `unauthenticated` (there is no cookie), `origin_refused` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    /** @description With `cookie`: the refresh token that replaces it. */
                    "set-cookie"?: string | null;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Register"];
            };
        };
        responses: {
            /** @description `invalid`, `username_taken`, `email_taken`, `rate_limited`; with `cookie` also `origin_refused` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            201: {
                headers: {
                    /** @description With `cookie`: the refresh token. */
                    "set-cookie"?: string | null;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
        };
    };
    open_direct: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenDirect"];
            };
        };
        responses: {
            /** @description `invalid`, `too_many_rooms` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomDetails"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    poll: {
        parameters: {
            query?: {
                /** @description The newest cursor that this client was given; none for a fresh start. */
                cursor?: string;
                /** @description Whether nobody uses the device at the moment. */
                idle?: boolean;
                /** @description How long to wait for something to happen, in seconds: 0 to 50; 25 where it is absent. */
                wait?: number;
                /** @description Whose presence to be told: user ids, separated by commas. */
                watch?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `unauthenticated`, `session_ended`, `invalid`, `rate_limited` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Polled"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description `invalid`, `wrong_credentials`, `rate_limited` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    choose_presence: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PresenceBody"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"][];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    revoke_sessions: {
        parameters: {
            query?: {
                /** @description Whether the session that asks goes on. */
                keep_current?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    revoke_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    presence: {
        parameters: {
            query: {
                /** @description User ids, separated by commas; at most 200. */
                ids: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PresenceEntry"][];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    conversations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversations"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    create_room: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRoom"];
            };
        };
        responses: {
            /** @description `invalid`, `too_many_rooms` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomDetails"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomDetails"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeRoom"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden`, `invalid` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomDetails"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    join_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `too_many_rooms` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomDetails"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    leave_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden`, `owner_must_stay` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    members: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: components["schemas"]["UserId"];
            };
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Members"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    add_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddMember"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden`, `invalid`, `too_many_rooms` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
                user_id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden`, `conflict` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
                user_id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeMember"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden`, `conflict` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    history: {
        parameters: {
            query?: {
                /** @description Messages newer than this one. */
                after?: components["schemas"]["MessageId"];
                /** @description This message, with half a page on either side. */
                around?: components["schemas"]["MessageId"];
                /** @description Messages older than this one. */
                before?: components["schemas"]["MessageId"];
                /** @description 1 to 200; 50 where it is absent. */
                limit?: number;
            };
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden`, `invalid` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    send_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostMessage"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden`, `invalid`, `nonce_reused`, `rate_limited` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sent"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
                message_id: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    edit_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
                message_id: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditMessage"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden`, `invalid` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    react: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                emoji: string;
                id: components["schemas"]["RoomId"];
                message_id: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden`, `invalid`, `too_many_reactions` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    unreact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                emoji: string;
                id: components["schemas"]["RoomId"];
                message_id: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden`, `invalid` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    seen_by: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
                message_id: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found`, `forbidden` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeenBy"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    mark: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Receipt"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden`, `invalid` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    typing: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["RoomId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TypingBody"];
            };
        };
        responses: {
            /** @description `not_found`, `forbidden` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    public_rooms: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                before?: components["schemas"]["RoomId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicRooms"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    open_socket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `malformed`, `origin_refused` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The socket is open; the first frame is a `hello`. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `overloaded`, `shutting_down` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    users: {
        parameters: {
            query: {
                /** @description User ids, separated by commas; at most 200. */
                ids: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"][];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    user_by_username: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `not_found` */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            401: components["responses"]["NotLoggedIn"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description `storage_unavailable`, `shutting_down` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
