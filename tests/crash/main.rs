//! The real program under what happens to programs: it is killed, stopped for a while, its database goes, its disk is full,
//! its lines break, a thousand clients return at once.
//!
//! A few hundred clients command over real sockets as honest clients do: what is not answered is sent again under the same
//! id, and whoever comes back says what they know already. What they were told is held against what is stored, by the
//! auditor of the simulation. `make crash ROUNDS=500` kills more often; `SEED` is the seed of a run. It decides what the
//! clients ask for and when the program is killed; what the machine does in between is left to it.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]

#[path = "../simulation/auditor.rs"]
#[expect(dead_code, reason = "the simulation asks it more")]
mod auditor;
#[path = "../simulation/chance.rs"]
mod chance;
mod client;
mod conditions;
mod database;
mod deeds;
mod disk;
mod judge;
#[path = "../support/mariadb.rs"]
#[expect(dead_code, reason = "other tests ask more of it")]
mod mariadb;
mod party;
mod program;
mod proxy;
mod returns;
mod rounds;
mod told;
mod wishes;
