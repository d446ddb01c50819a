-- What the cleanup looks for, so that it never reads a whole table. That of `refresh_tokens` came with the table.
ALTER TABLE users ADD KEY users_by_last_seen (kind, last_seen_at_ms, id);
