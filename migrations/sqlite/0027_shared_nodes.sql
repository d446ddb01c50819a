-- Unused: a lock on the database's file keeps a second server away.
ALTER TABLE nodes ADD COLUMN alone INTEGER NOT NULL DEFAULT 1;
