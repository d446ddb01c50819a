-- People, guests and accounts. Sharded by `id`.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('guest', 'user')),
    display_name TEXT NOT NULL,
    username TEXT UNIQUE,
    username_shown TEXT,
    password_hash TEXT,
    created_at_ms INTEGER NOT NULL,
    last_seen_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
