CREATE TABLE room_members (
    user_id BINARY(16) NOT NULL,
    room_id BINARY(16) NOT NULL,
    PRIMARY KEY (user_id, room_id)
);
