-- What the cleanup looks for, so that it never reads a whole table.
ALTER TABLE users ADD KEY users_by_last_seen (kind, last_seen_at_ms, id);
ALTER TABLE refresh_tokens ADD KEY refresh_tokens_by_use (used_at_ms, user_id, hash);
