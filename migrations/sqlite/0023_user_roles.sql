-- Since when a user is an operator of the server, and since when banned from it. NULL: neither.
ALTER TABLE users ADD COLUMN operator_since_ms INTEGER;
ALTER TABLE users ADD COLUMN banned_at_ms INTEGER;
CREATE INDEX users_by_operator ON users (operator_since_ms, id) WHERE operator_since_ms IS NOT NULL;
