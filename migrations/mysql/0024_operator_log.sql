-- What operators did. Holds ids of users and no names; the id of an erased user leads to nothing. Sharded by `id`.
CREATE TABLE operator_log (
    -- UUIDv7, so that the order of ids is that of time.
    id BINARY(16) NOT NULL,
    at_ms BIGINT NOT NULL,
    act VARBINARY(32) NOT NULL,
    -- The user who did it. NULL: the command line.
    actor_id BINARY(16) NULL,
    -- The user whom it was done to.
    subject_id BINARY(16) NULL,
    room_code VARBINARY(8) NULL,
    -- The new value of a switch.
    value VARBINARY(32) NULL,
    PRIMARY KEY (id),
    KEY operator_log_by_time (at_ms, id)
);
