-- Unused, as `nodes` is.
ALTER TABLE rooms ADD COLUMN owner_id BLOB;
ALTER TABLE rooms ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
