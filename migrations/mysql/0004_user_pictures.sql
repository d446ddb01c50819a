-- Small pictures of people. Sharded by `user_id`.
CREATE TABLE user_pictures (
    user_id BINARY(16) NOT NULL,
    -- SHA-256 of the bytes; a part of it stands in the picture's address, so that the picture can be cached for ever.
    hash BINARY(32) NOT NULL,
    media_type VARBINARY(32) NOT NULL,
    bytes MEDIUMBLOB NOT NULL,
    PRIMARY KEY (user_id)
);
