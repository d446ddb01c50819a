CREATE TABLE rooms (
    id BINARY(16) NOT NULL,
    code VARBINARY(8) NOT NULL,
    name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    host_id BINARY(16) NOT NULL,
    passcode_hash VARBINARY(255),
    created_at_ms BIGINT NOT NULL,
    closed_at_ms BIGINT,
    PRIMARY KEY (id),
    UNIQUE KEY rooms_code (code)
);
