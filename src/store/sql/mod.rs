//! What the SQLite and MySQL stores share: portable statements with their arguments, transactions made of such
//! statements, and the decoding of rows.
//!
//! Every statement in here keeps to the rules of Vitess (`tests/store/vitess.rs`), which SQLite satisfies as well. The
//! stores differ in how they execute them (SQLite reads and writes through separate pools; MySQL bounds and retries
//! each call) and in statements that have no portable form, such as upserts and deletes with a limit.

pub(super) mod batch_statements;
pub(super) mod device_codes;
pub(super) mod encoding;
pub(super) mod identity;
pub(super) mod operators;
pub(crate) mod portable;
pub(super) mod rooms;
pub(super) mod screens;
pub(super) mod spotify;
