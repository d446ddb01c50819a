-- Spotify accounts of people. Tokens are sealed. Sharded by `user_id`. On a keyspace of several shards `account_id` needs a
-- unique lookup vindex: a unique key holds within one shard only.
CREATE TABLE spotify_links (
    user_id BINARY(16) NOT NULL,
    account_id VARBINARY(128) NOT NULL,
    display_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    scope VARBINARY(512) NOT NULL,
    -- NULL: Spotify no longer takes it, they must log in again.
    refresh_token VARBINARY(2048) NULL,
    access_token VARBINARY(2048) NULL,
    access_expires_at_ms BIGINT NOT NULL,
    authorized_at_ms BIGINT NOT NULL,
    premium VARBINARY(16) NOT NULL,
    premium_evidence VARBINARY(16) NULL,
    premium_at_ms BIGINT NULL,
    -- Answers in a row that speak against the verdict, and the last of them.
    doubts INT UNSIGNED NOT NULL,
    doubted_at_ms BIGINT NULL,
    checked_at_ms BIGINT NOT NULL,
    -- Grows with every change, so that two changes at once are one after the other.
    version BIGINT NOT NULL,
    PRIMARY KEY (user_id),
    UNIQUE KEY spotify_links_by_account (account_id),
    KEY spotify_links_by_check (checked_at_ms, user_id)
);
