-- The fence of the room when the batch was stored. It never falls along a journal.
ALTER TABLE room_journal ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
