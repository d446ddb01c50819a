-- People, guests and accounts. Sharded by `id`. On a keyspace of several shards `username` needs a unique lookup vindex:
-- a unique key holds within one shard only.
CREATE TABLE users (
    id BINARY(16) NOT NULL,
    kind VARBINARY(16) NOT NULL,
    display_name VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    username VARBINARY(32) NULL,
    username_shown VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    password_hash VARBINARY(255) NULL,
    created_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY users_by_username (username)
);
