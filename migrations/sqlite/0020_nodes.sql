-- Unused: a lock on the database's file keeps a second server away.
CREATE TABLE nodes (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    beat INTEGER NOT NULL
) STRICT;
