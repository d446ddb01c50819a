-- Refresh tokens by SHA-256; the tokens themselves are nowhere. Sharded by `user_id`, which stands in the token.
CREATE TABLE refresh_tokens (
    user_id BINARY(16) NOT NULL,
    hash BINARY(32) NOT NULL,
    session_id BINARY(16) NOT NULL,
    parent_hash BINARY(32) NULL,
    issued_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT NULL,
    successor_hash BINARY(32) NULL,
    PRIMARY KEY (user_id, hash),
    KEY refresh_tokens_by_session (user_id, session_id),
    KEY refresh_tokens_by_use (used_at_ms, user_id, hash)
);
