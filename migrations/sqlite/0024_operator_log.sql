-- What operators did. Holds ids of users and no names; the id of an erased user leads to nothing.
CREATE TABLE operator_log (
    -- UUIDv7, so that the order of ids is that of time.
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,
    -- The user who did it. NULL: the command line.
    actor_id BLOB CHECK (length(actor_id) = 16),
    -- The user whom it was done to.
    subject_id BLOB CHECK (length(subject_id) = 16),
    room_code TEXT,
    -- The new value of a switch.
    value TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_log_by_time ON operator_log (at_ms, id);
