-- Who belongs to which room. Sharded by `user_id`: it is asked for a person's rooms. A room's people are in its journal.
CREATE TABLE room_members (
    user_id BINARY(16) NOT NULL,
    room_id BINARY(16) NOT NULL,
    PRIMARY KEY (user_id, room_id),
    -- For what is removed with a room.
    KEY room_members_by_room (room_id, user_id)
);
