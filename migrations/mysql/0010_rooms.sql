-- Rooms, found by their code. Sharded by `id`. On a keyspace of several shards `code` needs a unique lookup vindex: a unique
-- key holds within one shard only.
CREATE TABLE rooms (
    id BINARY(16) NOT NULL,
    code VARBINARY(8) NOT NULL,
    name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    host_id BINARY(16) NOT NULL,
    passcode_hash VARBINARY(255) NULL,
    created_at_ms BIGINT NOT NULL,
    closed_at_ms BIGINT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY rooms_by_code (code)
);
