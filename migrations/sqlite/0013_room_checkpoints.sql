CREATE TABLE room_checkpoints (
    room_id BLOB NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
