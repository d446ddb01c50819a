-- Why the tag parser refused the file, if it did. Tags are read differently: every file is read once more.
ALTER TABLE tracks ADD COLUMN odd_tags TEXT;
UPDATE tracks SET mtime_ns = -1;
