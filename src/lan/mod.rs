//! The addresses at which other devices of the local network reach this server: phones are what it is for. Names the server
//! there ([`mdns`]).

pub mod mdns;

use std::net::{IpAddr, SocketAddr};

/// Addresses in one list, at most.
const ADDRESSES_MAX: usize = 4;
/// Beginnings of the names of interfaces that lead to containers and virtual machines on this machine only.
const VIRTUAL: [&str; 7] = ["docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "podman"];

/// The addresses of a server that listens at `listen`, the most likely one first; none when only this machine reaches it.
pub fn addresses(listen: SocketAddr) -> Vec<SocketAddr> {
    if listen.ip().is_loopback() {
        return vec![];
    }
    if !listen.ip().is_unspecified() {
        return vec![listen];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the addresses of this machine cannot be read");
        vec![]
    });
    let found = interfaces.into_iter().map(|interface| (interface.ip(), interface.name));
    select(found, listen.is_ipv6()).into_iter().map(|ip| SocketAddr::new(ip, listen.port())).collect()
}

/// The same as base URLs with a scheme.
pub fn urls(scheme: &str, listen: SocketAddr) -> Vec<String> {
    addresses(listen).into_iter().map(|address| format!("{scheme}://{address}")).collect()
}

/// Whether an address belongs to a local network, whose devices may be told the others' addresses.
pub fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn is_virtual(interface: &str) -> bool {
    VIRTUAL.iter().any(|prefix| interface.starts_with(prefix))
}

fn select(found: impl Iterator<Item = (IpAddr, String)>, with_ipv6: bool) -> Vec<IpAddr> {
    let mut usable: Vec<IpAddr> = found
        .filter(|(_, name)| !is_virtual(name))
        .map(|(ip, _)| ip)
        .filter(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
            // Link-local addresses need a zone, which browsers do not accept.
            IpAddr::V6(ip) => with_ipv6 && !ip.is_loopback() && !ip.is_unicast_link_local(),
        })
        .collect();
    usable.sort_by_key(|ip| (ip.is_ipv6(), !is_local(*ip), *ip));
    usable.dedup();
    usable.truncate(ADDRESSES_MAX);
    usable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_local_network_come_first() {
        let found = [
            ("127.0.0.1", "lo"),
            ("172.17.0.1", "docker0"),
            ("203.0.113.9", "eth1"),
            ("169.254.3.4", "eth2"),
            ("192.168.1.5", "wlan0"),
            ("fe80::1", "wlan0"),
            ("2001:db8::5", "wlan0"),
        ];
        let select = |with_ipv6| {
            let found = found.iter().map(|(ip, name)| (ip.parse().unwrap(), (*name).to_owned()));
            select(found, with_ipv6).iter().map(IpAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(select(false), ["192.168.1.5", "203.0.113.9"]);
        assert_eq!(select(true), ["192.168.1.5", "203.0.113.9", "2001:db8::5"]);
    }

    #[test]
    fn a_server_that_listens_at_one_address_has_that_one() {
        assert_eq!(addresses("127.0.0.1:8080".parse().unwrap()), []);
        let one: SocketAddr = "192.0.2.7:8080".parse().unwrap();
        assert_eq!(addresses(one), [one]);
    }
}
