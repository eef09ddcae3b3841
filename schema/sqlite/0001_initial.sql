-- The embedded store's tables, as the larger store has them: each names the queries that it serves,
-- and rows are found by key, in the order of that key.
--
-- Ids are BLOBs of 16 bytes, which sort as the ids do. Times are milliseconds since 1970. Small
-- numbers stand for the variants of an enum; the program names them in one place. There are no
-- foreign keys: what belongs together is written together, by the one thread that writes.

-- One line for each fact about the whole store: whether the first admin was made, the newest event
-- id, when the store was last checked.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) WITHOUT ROWID, STRICT;

-- An account by id; by the unique form of its username; by that of its e-mail address.
CREATE TABLE users (
    user_id       BLOB PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL,
    email         TEXT NOT NULL,
    email_key     TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    role          INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    presence      INTEGER NOT NULL,
    last_seen     INTEGER,
    created_at    INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX users_by_name ON users (username_key);
CREATE UNIQUE INDEX users_by_email ON users (email_key);

-- A session by id; a person's sessions, newest use first; those that have expired.
CREATE TABLE sessions (
    session_id   BLOB PRIMARY KEY,
    user_id      BLOB NOT NULL,
    device       TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    address      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    salt         BLOB NOT NULL,
    generation   INTEGER NOT NULL,
    rotated_at   INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- A room by id; the public ones, newest first. `people`: the two ids of a direct conversation, one
-- after the other.
CREATE TABLE rooms (
    room_id     BLOB PRIMARY KEY,
    kind        INTEGER NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_by  BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    people      BLOB,
    deleted     INTEGER NOT NULL,
    version     BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX public_rooms ON rooms (room_id) WHERE kind = 0 AND deleted = 0;

-- One person's place in one room; a room's members by user id; the rooms where a person is a member
-- now. Whoever left keeps their row, with their watermarks.
CREATE TABLE room_members (
    room_id   BLOB NOT NULL,
    user_id   BLOB NOT NULL,
    state     INTEGER NOT NULL,
    role      INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    delivered BLOB,
    read      BLOB,
    version   BLOB NOT NULL,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX rooms_by_user ON room_members (user_id, room_id) WHERE state = 0;

-- The buckets of a room's history that hold messages. Written with a bucket's first message, so
-- that empty time costs nothing.
CREATE TABLE room_buckets (
    room_id BLOB NOT NULL,
    bucket  INTEGER NOT NULL,
    PRIMARY KEY (room_id, bucket)
) WITHOUT ROWID, STRICT;

-- A message by id (the id gives the bucket); a part of a bucket in either direction; a room's newest
-- message; what was written after a given id. `system` and `reactions` are JSON, NULL where there is
-- nothing; `reactions` is made from the table of that name with each change of it.
CREATE TABLE messages (
    room_id           BLOB NOT NULL,
    bucket            INTEGER NOT NULL,
    message_id        BLOB NOT NULL,
    author_id         BLOB NOT NULL,
    kind              INTEGER NOT NULL,
    text              TEXT NOT NULL,
    system            TEXT,
    nonce             TEXT NOT NULL,
    reply_to          BLOB,
    sent_at           INTEGER NOT NULL,
    edited_at         INTEGER,
    deleted           INTEGER NOT NULL,
    reactions         TEXT,
    reactions_version BLOB,
    version           BLOB NOT NULL,
    PRIMARY KEY (room_id, bucket, message_id)
) WITHOUT ROWID, STRICT;
-- The messages that can count as unread, and whose they are, newest first.
CREATE INDEX messages_that_count ON messages (room_id, message_id, author_id)
    WHERE kind = 0 AND deleted = 0;

-- One person's reactions to a message, or to a page of them; the first people with an emoji under a
-- message. One that was taken back stays with `is_on` 0, so that its repeated or late addition is
-- known for what it is; all go with the message's text.
CREATE TABLE reactions (
    room_id    BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    message_id BLOB NOT NULL,
    emoji      TEXT NOT NULL,
    is_on      INTEGER NOT NULL,
    version    BLOB NOT NULL,
    PRIMARY KEY (room_id, user_id, message_id, emoji)
) WITHOUT ROWID, STRICT;
CREATE INDEX reactions_by_message ON reactions (room_id, message_id, is_on, emoji, version);

-- Which message an author's nonce became; the oldest lines, to delete them.
CREATE TABLE sends (
    author_id  BLOB NOT NULL,
    nonce      TEXT NOT NULL,
    room_id    BLOB NOT NULL,
    message_id BLOB NOT NULL,
    PRIMARY KEY (author_id, nonce)
) WITHOUT ROWID, STRICT;
CREATE INDEX sends_by_time ON sends (message_id);

-- What changed in a topic after a given id, each thing once, at its newest change. A message that is
-- only new has no line: its id says when. `topic`: a byte for the sort, then the id. `subject`: which
-- one, by its key within the topic.
CREATE TABLE changes (
    topic     BLOB NOT NULL,
    thing     INTEGER NOT NULL,
    subject   BLOB NOT NULL,
    change_id BLOB NOT NULL,
    PRIMARY KEY (topic, thing, subject)
) WITHOUT ROWID, STRICT;
CREATE INDEX changes_by_id ON changes (topic, change_id);
