-- Unused, as `nodes` is.
ALTER TABLE room_journal ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
