CREATE TABLE room_journal (
    room_id BLOB NOT NULL,
    last_offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    member_id BLOB,
    command_id BLOB,
    events TEXT NOT NULL,
    PRIMARY KEY (room_id, last_offset)
) STRICT, WITHOUT ROWID;
