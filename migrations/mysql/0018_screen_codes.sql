-- One-time codes by which screens are paired with rooms. Which screens a room has is in its journal. Sharded by `code_hash`.
CREATE TABLE screen_codes (
    -- HMAC-SHA256 of the code under a key of the server.
    code_hash BINARY(32) NOT NULL,
    screen_id BINARY(16) NOT NULL,
    -- What the screen calls itself.
    name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    -- The room in which a member typed it. NULL: none has.
    room_code VARBINARY(8) NULL,
    -- When the room had the screen. NULL: it does not know it yet.
    approved_at_ms BIGINT NULL,
    PRIMARY KEY (code_hash),
    KEY screen_codes_by_expiry (expires_at_ms, code_hash)
);
