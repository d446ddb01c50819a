//! Who is connected with what. Ephemeral: never journaled, coalesced, the latest wins.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tutti_protocol::client::DevicePlayback;
use tutti_protocol::{ConnectionId, DevicePresence, DeviceStatus, MemberPresence, UserId};

use crate::connection::Link;

/// The connections of a room, by member.
#[derive(Debug, Default)]
pub(super) struct Presence {
    connected: HashMap<ConnectionId, Connected>,
    by_member: HashMap<UserId, Vec<ConnectionId>>,
    /// Members whose presence changed since it was last told.
    changed: BTreeSet<UserId>,
}

#[derive(Debug)]
struct Connected {
    link: Arc<Link>,
    playback: Option<DevicePlayback>,
}

impl Presence {
    pub(super) fn is_empty(&self) -> bool {
        self.connected.is_empty()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Arc<Link>> {
        self.connected.values().map(|connected| &connected.link)
    }

    pub(super) fn link(&self, connection: ConnectionId) -> Option<&Arc<Link>> {
        self.connected.get(&connection).map(|connected| &connected.link)
    }

    pub(super) fn links_of(&self, member: UserId) -> impl Iterator<Item = &Arc<Link>> {
        self.by_member.get(&member).into_iter().flatten().filter_map(|connection| self.link(*connection))
    }

    pub(super) fn is_connected(&self, member: UserId) -> bool {
        self.by_member.contains_key(&member)
    }

    pub(super) fn attach(&mut self, link: Arc<Link>) {
        self.changed.insert(link.user);
        self.by_member.entry(link.user).or_default().push(link.id);
        self.connected.insert(link.id, Connected { link, playback: None });
    }

    /// Whose connection it was, if it was one.
    pub(super) fn detach(&mut self, connection: ConnectionId) -> Option<UserId> {
        let member = self.connected.remove(&connection)?.link.user;
        self.changed.insert(member);
        if let Some(connections) = self.by_member.get_mut(&member) {
            connections.retain(|known| *known != connection);
            if connections.is_empty() {
                self.by_member.remove(&member);
            }
        }
        Some(member)
    }

    pub(super) fn status(&mut self, connection: ConnectionId, status: DeviceStatus) {
        if let Some(connected) = self.connected.get_mut(&connection) {
            connected.playback = status.playback;
            self.changed.insert(connected.link.user);
        }
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The members whose presence changed, as they are now.
    pub(super) fn take_changes(&mut self) -> Vec<MemberPresence> {
        std::mem::take(&mut self.changed).into_iter().map(|member| self.of(member)).collect()
    }

    /// Everyone who is connected.
    pub(super) fn all(&self) -> Vec<MemberPresence> {
        self.by_member.keys().map(|member| self.of(*member)).collect()
    }

    fn of(&self, member: UserId) -> MemberPresence {
        let connections = self.by_member.get(&member).into_iter().flatten();
        let devices = connections
            .filter_map(|connection| self.connected.get(connection))
            .map(|Connected { link, playback }| DevicePresence {
                id: link.device.id,
                name: link.device.name.clone(),
                kind: link.device.kind,
                playback: playback.clone(),
            })
            .collect();
        MemberPresence { member, devices }
    }
}
