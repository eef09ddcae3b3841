-- Events that are stored and that the bus could not be told of, oldest first. `topic` as in `changes`;
-- `event` is the event's JSON. Empty while the bus can be reached.
CREATE TABLE unpublished (
    event_id BLOB PRIMARY KEY,
    topic    BLOB NOT NULL,
    event    TEXT NOT NULL
) WITHOUT ROWID, STRICT;
