-- Why the tag parser refused the file, if it did.
ALTER TABLE tracks ADD COLUMN odd_tags TEXT;
-- The file system that the file was on.
ALTER TABLE tracks ADD COLUMN device INTEGER NOT NULL DEFAULT 0;
-- A digest of some blocks of the file, by which it is recognised when it was moved.
ALTER TABLE tracks ADD COLUMN fingerprint TEXT;
-- Since when the file is not there, while the track is kept because a disk seems to be missing.
ALTER TABLE tracks ADD COLUMN missing_since_ms INTEGER;
-- Tags are read differently, and there are fingerprints: every file is read once more.
UPDATE tracks SET mtime_ns = -1;

-- Ids of tracks under paths that their files have left.
CREATE TABLE aliases (
    alias TEXT PRIMARY KEY,
    id    TEXT NOT NULL REFERENCES tracks (id) ON UPDATE CASCADE ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX aliases_of_tracks ON aliases (id);
