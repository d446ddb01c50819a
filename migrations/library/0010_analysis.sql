-- What decoding a file found out. It belongs to the contents that had this size and time.
ALTER TABLE tracks ADD COLUMN analysed_size_bytes INTEGER;
ALTER TABLE tracks ADD COLUMN analysed_mtime_ns INTEGER;
-- 0: no decoder plays it, and the other columns are NULL.
ALTER TABLE tracks ADD COLUMN playable INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tracks ADD COLUMN samples INTEGER;
ALTER TABLE tracks ADD COLUMN loudness_lufs REAL;
ALTER TABLE tracks ADD COLUMN peak_dbtp REAL;
ALTER TABLE tracks ADD COLUMN seekable INTEGER NOT NULL DEFAULT 0;
