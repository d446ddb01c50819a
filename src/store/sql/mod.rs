//! What the SQLite and MySQL stores share: stored encodings and statements for many rows.

pub(super) mod batch_statements;
pub(super) mod encoding;
