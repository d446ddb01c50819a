-- One-time codes by which screens are paired with rooms. Which screens a room has is in its journal.
CREATE TABLE screen_codes (
    -- HMAC-SHA256 of the code under a key of the server.
    code_hash BLOB NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
    screen_id BLOB NOT NULL CHECK (length(screen_id) = 16),
    -- What the screen calls itself.
    name TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    -- The room in which a member typed it. NULL: none has.
    room_code TEXT,
    -- When the room had the screen. NULL: it does not know it yet.
    approved_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX screen_codes_by_expiry ON screen_codes (expires_at_ms, code_hash);
