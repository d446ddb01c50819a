-- What the cleanup looks for, so that it never reads a whole table.
CREATE INDEX users_by_last_seen ON users (last_seen_at_ms, id) WHERE kind = 'guest';
CREATE INDEX refresh_tokens_by_use ON refresh_tokens (used_at_ms, user_id, hash) WHERE used_at_ms IS NOT NULL;
