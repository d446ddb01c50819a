CREATE TABLE rooms (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    host_id BLOB NOT NULL,
    passcode_hash TEXT,
    created_at_ms INTEGER NOT NULL,
    closed_at_ms INTEGER
) STRICT;
