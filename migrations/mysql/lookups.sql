-- For a keyspace of several shards only (`vschema_sharded.json`): what Vitess keeps up itself, so that what is unique within
-- a shard by a key is unique in all of them. No migration: unsharded databases have no use for it.
CREATE TABLE users_by_username (
    username VARBINARY(32) NOT NULL,
    keyspace_id VARBINARY(128) NOT NULL,
    PRIMARY KEY (username)
);
CREATE TABLE spotify_links_by_account (
    account_id VARBINARY(128) NOT NULL,
    keyspace_id VARBINARY(128) NOT NULL,
    PRIMARY KEY (account_id)
);
CREATE TABLE rooms_by_code (
    code VARBINARY(8) NOT NULL,
    keyspace_id VARBINARY(128) NOT NULL,
    PRIMARY KEY (code)
);
CREATE TABLE device_codes_by_code (
    code_hash BINARY(32) NOT NULL,
    keyspace_id VARBINARY(128) NOT NULL,
    PRIMARY KEY (code_hash)
);
