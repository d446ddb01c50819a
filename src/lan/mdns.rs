//! Announces the server in the local network by multicast DNS (RFC 6762) and DNS service discovery (RFC 6763), so that
//! `http://tutti.local:8080` leads to it.

use std::net::SocketAddr;
use std::time::Duration;

use mdns_sd::{DaemonEvent, IfKind, ServiceDaemon, ServiceInfo};
use tokio_util::sync::CancellationToken;

use super::is_virtual;

/// The kind of service: a web site.
const SERVICE: &str = "_http._tcp.local.";
/// How long the network is told at the end that the name is gone.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// Where the announcement is sent: multicast is one setting of every interface.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// All interfaces that lead to other machines.
    Network,
    /// This machine only, by this UDP port, for tests.
    Loopback(u16),
}

/// Announces a server that listens at `listen` as `<name>.local` until `stop`. If the name is taken in the network, the
/// server gets another one (`<name>-2.local`), which is logged.
///
/// # Errors
/// When no thread can be started, or `name` is not a host name.
pub async fn announce(
    name: &str,
    listen: SocketAddr,
    scope: Scope,
    stop: CancellationToken,
) -> Result<(), mdns_sd::Error> {
    let daemon = daemon(listen, scope)?;
    let host = format!("{name}.local.");
    let service = ServiceInfo::new(SERVICE, name, &host, "", listen.port(), None)?.enable_addr_auto();
    let events = daemon.monitor()?;
    daemon.register(service)?;
    tracing::info!("announced in the local network as http://{name}.local:{}", listen.port());
    while let Some(Ok(event)) = stop.run_until_cancelled(events.recv_async()).await {
        match event {
            DaemonEvent::NameChange(change) if change.original == host => {
                tracing::warn!(name = change.new_name, "another server in the local network has the name {name}.local");
            }
            DaemonEvent::Error(error) => tracing::debug!(%error, "multicast DNS failed"),
            _ => {}
        }
    }
    let stopped = daemon.shutdown()?;
    let _ = tokio::time::timeout(GOODBYE_MAX, stopped.recv_async()).await;
    Ok(())
}

fn daemon(listen: SocketAddr, scope: Scope) -> Result<ServiceDaemon, mdns_sd::Error> {
    let daemon = match scope {
        Scope::Network => ServiceDaemon::new()?,
        Scope::Loopback(port) => ServiceDaemon::new_with_port(port)?,
    };
    match scope {
        Scope::Loopback(_) => {
            daemon.disable_interface(IfKind::All)?;
            daemon.enable_interface(IfKind::LoopbackV4)?;
        }
        Scope::Network if !listen.ip().is_unspecified() => {
            daemon.disable_interface(IfKind::All)?;
            daemon.enable_interface(IfKind::Addr(listen.ip()))?;
        }
        Scope::Network => {
            for interface in if_addrs::get_if_addrs().unwrap_or_default() {
                if is_virtual(&interface.name) {
                    daemon.disable_interface(IfKind::Name(interface.name))?;
                }
            }
            if listen.is_ipv4() {
                daemon.disable_interface(IfKind::IPv6)?;
            }
        }
    }
    Ok(daemon)
}

#[cfg(test)]
mod tests {
    use mdns_sd::ServiceEvent;

    use super::*;

    #[tokio::test]
    async fn a_device_finds_the_server_until_it_stops() {
        let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
        let (listen, scope, stop) = (([127, 0, 0, 1], 4711).into(), Scope::Loopback(free), CancellationToken::new());
        let phone = daemon(listen, scope).expect("a second daemon");
        let found = phone.browse(SERVICE).expect("browses");
        let until = async |wanted: fn(&ServiceEvent) -> bool| loop {
            let event = found.recv_async().await.expect("the daemon runs");
            if wanted(&event) {
                return event;
            }
        };
        let finds = async {
            let resolved = until(|event| matches!(event, ServiceEvent::ServiceResolved(_))).await;
            stop.cancel();
            until(|event| matches!(event, ServiceEvent::ServiceRemoved(..))).await;
            resolved
        };
        let (announced, resolved) = tokio::join!(announce("tutti-test", listen, scope, stop.clone()), finds);
        announced.expect("announced");
        let ServiceEvent::ServiceResolved(service) = resolved else { unreachable!() };
        assert_eq!((service.host.as_str(), service.port), ("tutti-test.local.", 4711));
        phone.shutdown().expect("stops");
    }
}
