-- The newest whole state of each room. Sharded by `room_id`.
CREATE TABLE room_checkpoints (
    room_id BINARY(16) NOT NULL,
    epoch BIGINT NOT NULL,
    last_offset BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    state LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (room_id)
);
