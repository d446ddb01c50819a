-- What the tags call explicit. Every file is read once more for it.
ALTER TABLE tracks ADD COLUMN explicit INTEGER NOT NULL DEFAULT 0;
UPDATE tracks SET mtime_ns = -1;
