-- One-time codes with which a user's next device logs in, one for each session. Sharded by `user_id`. On a keyspace of several
-- shards `code_hash` needs a unique lookup vindex: a unique key holds within one shard only.
CREATE TABLE device_codes (
    user_id BINARY(16) NOT NULL,
    -- The session that asked for the code.
    session_id BINARY(16) NOT NULL,
    -- HMAC-SHA256 of the code under a key of the server.
    code_hash BINARY(32) NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    -- The session that the code was used for. NULL: it was not used.
    used_for BINARY(16) NULL,
    PRIMARY KEY (user_id, session_id),
    UNIQUE KEY device_codes_by_code (code_hash),
    KEY device_codes_by_expiry (expires_at_ms, user_id, session_id)
);
