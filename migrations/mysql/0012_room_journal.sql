-- What happened in rooms, one row a command. Sharded by `room_id`.
CREATE TABLE room_journal (
    room_id BINARY(16) NOT NULL,
    last_offset BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    member_id BINARY(16) NULL,
    command_id BINARY(16) NULL,
    events MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (room_id, last_offset)
);
