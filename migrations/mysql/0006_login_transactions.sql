-- Logins by Spotify that are under way: between leaving for its page and coming back. Sharded by `state_hash`.
CREATE TABLE login_transactions (
    state_hash BINARY(32) NOT NULL,
    -- Of the cookie of the browser that began it.
    browser_hash BINARY(32) NOT NULL,
    -- The PKCE verifier, sealed.
    verifier VARBINARY(512) NOT NULL,
    -- Who it is for on their device; NULL: whichever slot is free.
    slot TINYINT UNSIGNED NULL,
    return_to VARBINARY(1024) NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    PRIMARY KEY (state_hash),
    KEY login_transactions_by_expiry (expires_at_ms, state_hash)
);
