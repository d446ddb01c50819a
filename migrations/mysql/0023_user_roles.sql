-- Since when a user is an operator of the server, and since when banned from it. NULL: neither.
ALTER TABLE users ADD COLUMN operator_since_ms BIGINT NULL, ADD COLUMN banned_at_ms BIGINT NULL, ADD KEY users_by_operator (operator_since_ms, id);
