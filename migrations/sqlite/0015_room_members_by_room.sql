-- For what is removed with a room.
CREATE INDEX room_members_by_room ON room_members (room_id, user_id);
