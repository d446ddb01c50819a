-- The lives of server processes that use this database: a row is added at the start and removed at the end, by its own process
-- or by another one that finds it dead. Sharded by `id`.
CREATE TABLE nodes (
    id BINARY(16) NOT NULL,
    name VARBINARY(64) NOT NULL,
    -- Counts up while the process lives.
    beat BIGINT NOT NULL,
    PRIMARY KEY (id)
);
