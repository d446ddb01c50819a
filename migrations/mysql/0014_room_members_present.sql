-- Whether somebody belongs to the room still. Rows stay when they leave, so that what a room remembers of them can be found
-- and erased.
ALTER TABLE room_members ADD COLUMN present BOOLEAN NOT NULL DEFAULT TRUE;
