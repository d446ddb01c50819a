-- Small pictures of people. Sharded by `user_id`.
CREATE TABLE user_pictures (
    user_id BLOB NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
    -- SHA-256 of the bytes; a part of it stands in the picture's address, so that the picture can be cached for ever.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
