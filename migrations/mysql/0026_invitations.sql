-- One-time invitations to create an account. Sharded by `token_hash`.
CREATE TABLE invitations (
    -- SHA-256 of the token in the link.
    token_hash BINARY(32) NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    -- NULL: it was not used.
    used_at_ms BIGINT NULL,
    PRIMARY KEY (token_hash),
    KEY invitations_by_expiry (expires_at_ms, token_hash)
);
