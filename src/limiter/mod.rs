//! Limits: how often something may happen, on one connection, per key or per network; and how much networks hold.
//!
//! Every limit is a [`Gcra`], the generic cell rate algorithm as a virtual schedule (ITU-T I.371, annex A). Its state
//! is a single time, from which permits can be counted, waited for ahead of time and given back.

mod gcra;
mod keyed;
mod network;

pub use gcra::{Gcra, Rate, RateLimited};
pub use keyed::Limiter;
pub use network::{NetworkCounts, NetworkLimiter, NetworkShare};
