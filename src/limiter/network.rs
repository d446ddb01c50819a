//! Limits by network. One subscriber has an IPv4 address or an IPv6 /64, but may be given a whole /56 or /48; so an IPv6
//! address counts for all three, and a wider network is allowed a few subscribers' shares.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use dashmap::DashMap;

use super::{Limiter, Rate, RateLimited};
use crate::clock::Clock;

/// Prefix lengths of IPv6 networks, narrowest first, with how many subscribers' shares each is allowed.
const WIDTHS: [(u32, u32); 3] = [(64, 1), (56, 4), (48, 16)];

/// An IPv4 address, or the prefix of an IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network {
    address: IpAddr,
    width: u32,
}

/// The networks of an address, narrowest first, each with its place in [`WIDTHS`].
fn networks(address: IpAddr) -> impl Iterator<Item = (usize, Network)> {
    let count = if address.is_ipv4() { 1 } else { WIDTHS.len() };
    WIDTHS.iter().take(count).enumerate().map(move |(place, (width, _))| {
        let address = match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let host_bits = Ipv6Addr::BITS - width;
                Ipv6Addr::from_bits(address.to_bits() >> host_bits << host_bits).into()
            }
        };
        (place, Network { address, width: *width })
    })
}

/// A rate limit per network.
#[derive(Debug)]
pub struct NetworkLimiter([Limiter<Network>; WIDTHS.len()]);

impl NetworkLimiter {
    /// `permits` a minute for one subscriber, and as many at once.
    pub fn per_minute(permits: u32, clock: Clock) -> Self {
        Self::new(Rate::per_minute, permits, clock)
    }

    /// `permits` a day for one subscriber, and as many at once.
    pub fn per_day(permits: u32, clock: Clock) -> Self {
        Self::new(Rate::per_day, permits, clock)
    }

    fn new(rate: impl Fn(u32) -> Rate, permits: u32, clock: Clock) -> Self {
        Self(WIDTHS.map(|(_, shares)| Limiter::new(rate(permits.saturating_mul(shares)), clock)))
    }

    /// Takes a permit of every network of `address`, or of none.
    pub fn check(&self, address: IpAddr) -> Result<(), RateLimited> {
        for (place, network) in networks(address) {
            if let Err(limited) = self.0[place].check(&network) {
                for (taken, network) in networks(address).take(place) {
                    self.0[taken].give_back(&network);
                }
                return Err(limited);
            }
        }
        Ok(())
    }

    /// Whether a permit is available. Takes none.
    pub fn peek(&self, address: IpAddr) -> Result<(), RateLimited> {
        networks(address).try_for_each(|(place, network)| self.0[place].peek(&network))
    }
}

/// Counts what networks hold at the same time: connections, bytes.
#[derive(Debug, Default)]
pub struct NetworkCounts(DashMap<Network, u32>);

/// A share held by a network until this is dropped.
#[derive(Debug)]
pub struct NetworkShare {
    counts: Arc<NetworkCounts>,
    address: IpAddr,
    amount: u32,
}

impl NetworkCounts {
    /// Takes `amount` for the networks of `address`; `None` when one would hold more than its shares of `amount_max`.
    pub fn take(self: &Arc<Self>, address: IpAddr, amount: u32, amount_max: u32) -> Option<NetworkShare> {
        for (place, network) in networks(address) {
            let held_max = amount_max.saturating_mul(WIDTHS[place].1);
            let mut held = self.0.entry(network).or_default();
            if held.saturating_add(amount) <= held_max {
                *held += amount;
                continue;
            }
            drop(held);
            for (_, network) in networks(address).take(place) {
                self.give_back(network, amount);
            }
            self.0.remove_if(&network, |_, held| *held == 0);
            return None;
        }
        Some(NetworkShare { counts: self.clone(), address, amount })
    }

    fn give_back(&self, network: Network, amount: u32) {
        if let dashmap::Entry::Occupied(mut held) = self.0.entry(network) {
            *held.get_mut() -= amount;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

impl NetworkShare {
    /// The address.
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for NetworkShare {
    fn drop(&mut self) {
        for (_, network) in networks(self.address) {
            self.counts.give_back(network, self.amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v6(subnet: u16, host: u16) -> IpAddr {
        Ipv6Addr::new(0x2001, 0xdb8, 0x7, subnet, 0, 0, 0, host).into()
    }

    fn limiter(permits: u32) -> NetworkLimiter {
        NetworkLimiter::per_minute(permits, Clock::starting_at(1e12))
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_of_one_subscriber_share_a_limit() {
        let limiter = limiter(2);
        let [first, second] = [v6(1, 1), v6(1, 2)];
        assert_eq!([first, second, first].map(|address| limiter.check(address).is_ok()), [true, true, false]);
        assert!(limiter.peek(second).is_err());
        assert!(limiter.check(v6(2, 1)).is_ok(), "a neighbour has a limit of their own");
        let [ana, ben] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        assert_eq!([ana, ana, ana, ben].map(|address| limiter.check(address).is_ok()), [true, true, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_subnets_of_one_network_gain_a_few_shares() {
        let limiter = limiter(10);
        let passed = |subnets: std::ops::Range<u16>| {
            subnets.flat_map(|subnet| [subnet; 10]).filter(|subnet| limiter.check(v6(*subnet, 1)).is_ok()).count()
        };
        assert_eq!(passed(0..256), 40, "a /56 has four shares");
        assert_eq!(passed(256..u16::MAX), 120, "and a /48 has sixteen");
        assert!(limiter.check(Ipv6Addr::new(0x2001, 0xdb8, 0x8, 0, 0, 0, 0, 1).into()).is_ok());
    }

    #[test]
    fn counts_are_given_back_and_forgotten() {
        let counts = Arc::new(NetworkCounts::default());
        let held: Vec<_> = (0..100).filter_map(|subnet| counts.take(v6(subnet, 1), 3, 5)).collect();
        assert_eq!(held.len(), 6, "a /56 holds four times five");
        assert!(counts.take(v6(0, 2), 3, 5).is_none());
        drop(held);
        assert!(counts.0.is_empty());
        assert!(counts.take(v6(0, 1), 6, 5).is_none());
        assert!(counts.0.is_empty(), "a refused network is not remembered");
    }
}
