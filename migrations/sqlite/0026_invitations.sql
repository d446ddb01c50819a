-- One-time invitations to create an account.
CREATE TABLE invitations (
    -- SHA-256 of the token in the link.
    token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    expires_at_ms INTEGER NOT NULL,
    -- NULL: it was not used.
    used_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_expiry ON invitations (expires_at_ms, token_hash);
