-- Refresh tokens by SHA-256; the tokens themselves are nowhere. Sharded by `user_id`, which stands in the token.
CREATE TABLE refresh_tokens (
    user_id BLOB NOT NULL CHECK (length(user_id) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    parent_hash BLOB CHECK (length(parent_hash) = 32),
    issued_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER,
    successor_hash BLOB CHECK (length(successor_hash) = 32),
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (user_id, session_id);
