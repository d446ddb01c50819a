-- What browsing and searching need besides title, artists and album. Every file is read once more for it.
ALTER TABLE tracks ADD COLUMN album_artist TEXT;
ALTER TABLE tracks ADD COLUMN composer TEXT;
-- With U+001F between two, like `artists`; NULL without any.
ALTER TABLE tracks ADD COLUMN genres TEXT;
ALTER TABLE tracks ADD COLUMN year INTEGER;
-- Disc in the album and track on the disc; NULL if not tagged.
ALTER TABLE tracks ADD COLUMN disc INTEGER;
ALTER TABLE tracks ADD COLUMN number INTEGER;
-- Names to sort by, if tagged.
ALTER TABLE tracks ADD COLUMN artist_sort TEXT;
ALTER TABLE tracks ADD COLUMN album_sort TEXT;
ALTER TABLE tracks ADD COLUMN title_sort TEXT;
ALTER TABLE tracks ADD COLUMN compilation INTEGER NOT NULL DEFAULT 0;
-- When the file was first indexed; for files of the first scan, when they were last written.
ALTER TABLE tracks ADD COLUMN added_at_ms INTEGER NOT NULL DEFAULT 0;
-- The file's name without folders and extension, readable.
ALTER TABLE tracks ADD COLUMN file_name TEXT NOT NULL DEFAULT '';
UPDATE tracks SET added_at_ms = max(0, mtime_ns / 1000000), mtime_ns = -1;
