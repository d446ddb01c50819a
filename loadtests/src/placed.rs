//! Several servers, and which of them a member connects to.

use std::net::SocketAddr;

use crate::process::{Process, Processes};

/// Where a room's members connect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Placement {
    /// All of them where the room is owned, as behind a proxy that keeps rooms together.
    Together,
    /// To each server in turn; who publishes is at any of them.
    Spread,
}

/// Servers that share rooms, and where members connect to them.
pub(crate) struct Placed {
    servers: Vec<(SocketAddr, Process)>,
    bus: Process,
    placement: Placement,
}

impl Placed {
    /// Servers with their addresses, and what carries messages between them.
    pub(crate) fn new(servers: Vec<(SocketAddr, Process)>, bus: Process, placement: Placement) -> Self {
        Self { servers, bus, placement }
    }

    /// The processes that are measured.
    pub(crate) fn processes(&self) -> Processes {
        Processes(self.servers.iter().map(|(_, process)| *process).chain([self.bus]).collect())
    }

    /// The server that owns a room.
    pub(crate) fn owner_of(&self, room: usize) -> SocketAddr {
        self.address(room)
    }

    /// The server that a member connects to; the first one publishes.
    pub(crate) fn server_of(&self, room: usize, member: usize) -> SocketAddr {
        match self.placement {
            Placement::Together => self.owner_of(room),
            // In as many rooms the first member is at the owner as at each other server.
            Placement::Spread => self.address(room + room / self.servers.len() + member),
        }
    }

    fn address(&self, number: usize) -> SocketAddr {
        self.servers[number % self.servers.len()].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(servers: u16, placement: Placement) -> Placed {
        let servers = (1..=servers).map(|port| (SocketAddr::from(([127, 0, 0, 1], port)), Process::own())).collect();
        Placed::new(servers, Process::own(), placement)
    }

    #[test]
    fn members_are_together_or_at_all_servers_alike() {
        let together = placed(3, Placement::Together);
        let spread = placed(3, Placement::Spread);
        let mut at_owner = 0;
        for room in 0..9 {
            assert!((0..20).all(|member| together.server_of(room, member) == together.owner_of(room)));
            let at = |server: SocketAddr| (0..18).filter(|member| spread.server_of(room, *member) == server).count();
            assert_eq!([1, 2, 3].map(|port| at(([127, 0, 0, 1], port).into())), [6, 6, 6]);
            at_owner += usize::from(spread.server_of(room, 0) == spread.owner_of(room));
        }
        assert_eq!(at_owner, 3, "one publisher of three is at the owner");
    }
}
