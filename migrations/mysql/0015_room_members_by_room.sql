-- The key exists since the table does; SQLite gets it with this number.
ALTER TABLE room_members COMMENT = 'room_members_by_room: for what is removed with a room';
