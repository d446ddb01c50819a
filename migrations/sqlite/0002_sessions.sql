-- One login of one person in one browser; the family that its refresh tokens belong to. Sharded by `user_id`.
CREATE TABLE sessions (
    user_id BLOB NOT NULL CHECK (length(user_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    created_at_ms INTEGER NOT NULL,
    last_used_at_ms INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    idle_expires_at_ms INTEGER NOT NULL,
    absolute_expires_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_idle_expiry ON sessions (idle_expires_at_ms, user_id, id);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at_ms, user_id, id) WHERE revoked_at_ms IS NOT NULL;
