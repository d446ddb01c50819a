-- One-time codes with which a user's next device logs in, one for each session. Sharded by `user_id`.
CREATE TABLE device_codes (
    user_id BLOB NOT NULL CHECK (length(user_id) = 16),
    -- The session that asked for the code.
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    -- HMAC-SHA256 of the code under a key of the server.
    code_hash BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    expires_at_ms INTEGER NOT NULL,
    -- The session that the code was used for. NULL: it was not used.
    used_for BLOB CHECK (length(used_for) = 16),
    PRIMARY KEY (user_id, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at_ms, user_id, session_id);
