-- One login of one person in one browser; the family that its refresh tokens belong to. Sharded by `user_id`.
CREATE TABLE sessions (
    user_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL,
    user_agent VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    idle_expires_at_ms BIGINT NOT NULL,
    absolute_expires_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT NULL,
    PRIMARY KEY (user_id, id),
    KEY sessions_by_idle_expiry (idle_expires_at_ms, user_id, id),
    KEY sessions_by_revocation (revoked_at_ms, user_id, id)
);
