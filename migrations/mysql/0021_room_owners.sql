-- The life in `nodes` that writes the room's journal, and how often that changed. Only batches with this fence are stored.
ALTER TABLE rooms ADD COLUMN owner_id BINARY(16) NULL, ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
