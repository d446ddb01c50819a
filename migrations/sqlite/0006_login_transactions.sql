-- Logins by Spotify that are under way: between leaving for its page and coming back. Sharded by `state_hash`.
CREATE TABLE login_transactions (
    state_hash BLOB NOT NULL PRIMARY KEY CHECK (length(state_hash) = 32),
    -- Of the cookie of the browser that began it.
    browser_hash BLOB NOT NULL CHECK (length(browser_hash) = 32),
    -- The PKCE verifier, sealed.
    verifier BLOB NOT NULL,
    -- Who it is for on their device; NULL: whichever slot is free.
    slot INTEGER,
    return_to TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_transactions_by_expiry ON login_transactions (expires_at_ms, state_hash);
