//! The real server under faults: killed, suspended, without its database, on a full disk, on a bad network, with a
//! thousand clients that reconnect at once.
//!
//! A few hundred clients send commands over real sockets: they resend unanswered commands under the same id and resume
//! after reconnecting. The auditor of the simulation compares what they observed with what is stored.
//! `make crash ROUNDS=500` kills more often; `SEED` determines the commands and the moments of the kills, but not the
//! machine's scheduling.
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no readers of its docs")]

#[path = "../simulation/auditor.rs"]
#[expect(dead_code, reason = "the simulation uses more of it")]
mod auditor;
mod client;
mod client_log;
mod commands;
#[path = "../simulation/counts.rs"]
mod counts;
mod database;
mod disk;
mod effects;
mod faults;
mod harness;
mod kills;
#[path = "../support/mariadb.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod mariadb;
#[path = "../support/nats.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod nats;
mod nodes;
mod program;
mod proxy;
#[path = "../simulation/random.rs"]
mod random;
mod reconnects;
mod verifier;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
