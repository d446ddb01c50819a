CREATE TABLE room_members (
    user_id BLOB NOT NULL,
    room_id BLOB NOT NULL,
    PRIMARY KEY (user_id, room_id)
) STRICT, WITHOUT ROWID;
