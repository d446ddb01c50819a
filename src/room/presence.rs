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
    /// Members with a device that is not idle.
    active: BTreeSet<UserId>,
}

#[derive(Debug)]
struct Connected {
    link: Arc<Link>,
    playback: Option<DevicePlayback>,
    idle: bool,
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

    /// Members with a device that is not idle.
    pub(super) fn active(&self) -> &BTreeSet<UserId> {
        &self.active
    }

    pub(super) fn attach(&mut self, link: Arc<Link>) {
        let member = link.user;
        self.changed.insert(member);
        self.by_member.entry(member).or_default().push(link.id);
        self.connected.insert(link.id, Connected { link, playback: None, idle: false });
        self.active.insert(member);
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
        self.look_at(member);
        Some(member)
    }

    pub(super) fn status(&mut self, connection: ConnectionId, status: DeviceStatus) {
        if let Some(connected) = self.connected.get_mut(&connection) {
            connected.playback = status.playback;
            connected.idle = status.idle;
            let member = connected.link.user;
            self.changed.insert(member);
            self.look_at(member);
        }
    }

    /// Sees whether any of a member's devices is not idle.
    fn look_at(&mut self, member: UserId) {
        if self.connections_of(member).any(|connected| !connected.idle) {
            self.active.insert(member);
        } else {
            self.active.remove(&member);
        }
    }

    fn connections_of(&self, member: UserId) -> impl Iterator<Item = &Connected> {
        self.by_member.get(&member).into_iter().flatten().filter_map(|connection| self.connected.get(connection))
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
        let devices: Vec<_> = self
            .connections_of(member)
            .map(|Connected { link, playback, .. }| DevicePresence {
                id: link.device.id,
                name: link.device.name.clone(),
                kind: link.device.kind,
                playback: playback.clone(),
            })
            .collect();
        let idle = !devices.is_empty() && !self.active.contains(&member);
        MemberPresence { member, devices, idle }
    }
}
