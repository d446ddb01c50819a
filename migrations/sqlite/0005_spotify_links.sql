-- Spotify accounts of people. Tokens are sealed. Sharded by `user_id`.
CREATE TABLE spotify_links (
    user_id BLOB NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
    account_id TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- NULL: Spotify no longer takes it, they must log in again.
    refresh_token BLOB,
    access_token BLOB,
    access_expires_at_ms INTEGER NOT NULL,
    authorized_at_ms INTEGER NOT NULL,
    premium TEXT NOT NULL CHECK (premium IN ('premium', 'not_premium', 'unknown')),
    premium_evidence TEXT CHECK (premium_evidence IN ('profile', 'player', 'command')),
    premium_at_ms INTEGER,
    -- Answers in a row that speak against the verdict, and the last of them.
    doubts INTEGER NOT NULL,
    doubted_at_ms INTEGER,
    checked_at_ms INTEGER NOT NULL,
    -- Grows with every change, so that two changes at once are one after the other.
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spotify_links_by_check ON spotify_links (checked_at_ms, user_id);
