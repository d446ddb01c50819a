-- The switches of the server that differ from the defaults. Sharded by `name`.
CREATE TABLE switches (
    name VARBINARY(32) NOT NULL,
    value VARBINARY(32) NOT NULL,
    PRIMARY KEY (name)
);
