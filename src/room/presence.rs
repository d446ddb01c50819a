//! The connections of a room and what their devices report. Ephemeral: never journaled; updates are coalesced and the
//! latest wins.
//!
//! A device counts as listening while it reports a playback, whatever kind its `hello` named, unless the room's output
//! excludes it. So does a device that follows the room without a connection, but starts do not wait for it. The entries
//! it has ready are for the room only and not sent to other members.
//!
//! Screens belong to no member: they are connected and get broadcasts, and count for nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tutti_protocol::client::DevicePlayback;
use tutti_protocol::{ConnectionId, DeviceId, DeviceStatus, EntryId, Output, ScreenId, UserId};

use super::state::Audience;
use super::wire::{Present, PresentDevice};
use crate::transport::{Link, Outbox, Party, Relay};

/// A room's connections, by member.
#[derive(Debug, Default)]
pub(super) struct Presence {
    connected: HashMap<ConnectionId, Connected>,
    /// The outboxes of those that this server holds, in one array: broadcasting over all of them is the room's most frequent
    /// work.
    outboxes: Vec<(ConnectionId, Arc<Outbox>)>,
    /// The ways to those that other servers hold, and their number.
    relays: Vec<(Arc<dyn Relay>, usize)>,
    by_member: HashMap<UserId, Vec<ConnectionId>>,
    by_screen: BTreeMap<ScreenId, Vec<ConnectionId>>,
    /// Whether the connected screens changed since [`Self::take_screens_change`].
    screens_changed: bool,
    /// Members whose presence changed since the last announcement.
    changed: BTreeSet<UserId>,
    /// Members with a device that is not idle.
    active: BTreeSet<UserId>,
    /// Which devices may play.
    output: Output,
    /// The listening devices, counted.
    audience: Audience,
    /// How many devices `audience` counts.
    listeners: usize,
    /// Devices without a connection that follow the room: the room devices that they play for.
    followers: Vec<Option<DeviceId>>,
    /// Whether `audience` changed since [`Self::take_audience_change`].
    audience_changed: bool,
}

#[derive(Debug)]
struct Connected {
    link: Arc<Link>,
    /// The index of its outbox in `outboxes`; unused when another server holds it.
    outbox_index: usize,
    /// Boxed: `None` costs a pointer, and most devices are remote controls.
    playback: Option<Box<DevicePlayback>>,
    idle: bool,
    /// Entries that it could start immediately.
    ready: Vec<EntryId>,
    /// Whether `audience` counts it.
    listens: bool,
}

impl Connected {
    /// A device that has not reported yet.
    fn new(link: Arc<Link>, outbox_index: usize) -> Self {
        Self { link, outbox_index, playback: None, idle: false, ready: vec![], listens: false }
    }
}

impl Presence {
    pub(super) fn is_empty(&self) -> bool {
        self.connected.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.connected.len()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Arc<Link>> {
        self.connected.values().map(|connected| &connected.link)
    }

    /// The outbox of every connection that this server holds.
    pub(super) fn outboxes(&self) -> &[(ConnectionId, Arc<Outbox>)] {
        &self.outboxes
    }

    /// The ways to the connections that other servers hold.
    pub(super) fn relays(&self) -> impl Iterator<Item = &Arc<dyn Relay>> {
        self.relays.iter().map(|(relay, _)| relay)
    }

    pub(super) fn link(&self, connection: ConnectionId) -> Option<&Arc<Link>> {
        self.connected.get(&connection).map(|connected| &connected.link)
    }

    pub(super) fn links_of(&self, member: UserId) -> impl Iterator<Item = &Arc<Link>> {
        self.by_member.get(&member).into_iter().flatten().filter_map(|connection| self.link(*connection))
    }

    pub(super) fn links_of_screen(&self, screen: ScreenId) -> impl Iterator<Item = &Arc<Link>> {
        self.by_screen.get(&screen).into_iter().flatten().filter_map(|connection| self.link(*connection))
    }

    pub(super) fn is_connected(&self, member: UserId) -> bool {
        self.by_member.contains_key(&member)
    }

    /// Members with a device that is not idle.
    pub(super) fn active(&self) -> &BTreeSet<UserId> {
        &self.active
    }

    pub(super) fn attach(&mut self, link: Arc<Link>) {
        match link.party {
            Party::User { user, .. } => {
                self.changed.insert(user);
                self.by_member.entry(user).or_default().push(link.id);
                self.active.insert(user);
            }
            Party::Screen(screen) => {
                self.by_screen.entry(screen).or_default().push(link.id);
                self.screens_changed = true;
            }
        }
        let outbox_index = self.outboxes.len();
        match link.outbox.relay() {
            None => self.outboxes.push((link.id, link.outbox.clone())),
            Some(relay) => match self.relays.iter_mut().find(|(known, _)| Arc::ptr_eq(known, relay)) {
                Some((_, connections)) => *connections += 1,
                None => self.relays.push((relay.clone(), 1)),
            },
        }
        self.connected.insert(link.id, Connected::new(link, outbox_index));
    }

    /// Whether the device of a connection listens.
    pub(super) fn is_listening(&self, connection: ConnectionId) -> bool {
        self.connected.get(&connection).is_some_and(|connected| connected.listens)
    }

    /// Removes a connection and returns what it belonged to; `None` when it was not attached.
    pub(super) fn detach(&mut self, connection: ConnectionId) -> Option<Party> {
        self.change_device(connection, |connected| connected.playback = None);
        let Connected { link, outbox_index, .. } = self.connected.remove(&connection)?;
        if let Some(relay) = link.outbox.relay() {
            self.relays.retain_mut(|(known, connections)| {
                *connections -= usize::from(Arc::ptr_eq(known, relay));
                *connections > 0
            });
        } else {
            self.outboxes.swap_remove(outbox_index);
            if let Some(moved) = self.outboxes.get(outbox_index).and_then(|(moved, _)| self.connected.get_mut(moved)) {
                moved.outbox_index = outbox_index;
            }
        }
        match link.party {
            Party::User { user, .. } => {
                self.changed.insert(user);
                if let Some(connections) = self.by_member.get_mut(&user) {
                    connections.retain(|known| *known != connection);
                    if connections.is_empty() {
                        self.by_member.remove(&user);
                    }
                }
                self.update_active(user);
            }
            Party::Screen(screen) => {
                if let Some(connections) = self.by_screen.get_mut(&screen) {
                    connections.retain(|known| *known != connection);
                    if connections.is_empty() {
                        self.by_screen.remove(&screen);
                    }
                }
                self.screens_changed = true;
            }
        }
        Some(link.party)
    }

    pub(super) fn status(&mut self, connection: ConnectionId, status: DeviceStatus) {
        let DeviceStatus { mut playback, idle } = status;
        let ready = playback.as_mut().map(|playback| std::mem::take(&mut playback.ready)).unwrap_or_default();
        let Some(connected) = self.connected.get(&connection) else { return };
        let Some(member) = connected.link.user() else { return };
        if connected.playback.as_deref() != playback.as_ref() || connected.idle != idle {
            self.changed.insert(member);
        }
        self.change_device(connection, |connected| {
            connected.playback = playback.map(Box::new);
            connected.idle = idle;
            connected.ready = ready;
        });
        self.update_active(member);
    }

    /// Applies a changed output: other devices may count as listening.
    pub(super) fn follow_output(&mut self, output: &Output) {
        if self.output == *output {
            return;
        }
        self.output.clone_from(output);
        let connections: Vec<_> = self.connected.keys().copied().collect();
        for connection in connections {
            self.change_device(connection, |_| {});
        }
    }

    /// The devices that listen.
    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// A device without a connection follows the room.
    pub(super) fn follow(&mut self, device: Option<DeviceId>) {
        self.followers.push(device);
    }

    /// Reverts [`Self::follow`] with the same device.
    pub(super) fn unfollow(&mut self, device: Option<DeviceId>) {
        if let Some(index) = self.followers.iter().position(|follower| *follower == device) {
            self.followers.swap_remove(index);
        }
    }

    /// Whether any device listens.
    pub(super) fn has_listener(&self) -> bool {
        self.listeners > 0 || self.followers.iter().any(|device| self.output.lets_follow(*device))
    }

    /// Whether the audience changed since the last call.
    pub(super) fn take_audience_change(&mut self) -> bool {
        std::mem::take(&mut self.audience_changed)
    }

    /// Changes a device and updates the audience.
    fn change_device(&mut self, connection: ConnectionId, change: impl FnOnce(&mut Connected)) {
        let Some(connected) = self.connected.get_mut(&connection) else { return };
        let (listened, had_ready) = (connected.listens, connected.ready.clone());
        change(connected);
        connected.listens = connected.playback.is_some() && self.output.lets_play(connected.link.device.id);
        if (listened, &had_ready) == (connected.listens, &connected.ready) {
            return;
        }
        let providers = &connected.link.device.providers;
        if listened {
            self.audience.remove(providers, &had_ready);
            self.listeners -= 1;
        }
        if connected.listens {
            self.audience.add(providers, &connected.ready);
            self.listeners += 1;
        }
        self.audience_changed |= listened || connected.listens;
    }

    /// Updates whether a member is active.
    fn update_active(&mut self, member: UserId) {
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
        !self.changed.is_empty() || self.screens_changed
    }

    /// The connected screens; `None` without any.
    pub(super) fn screens(&self) -> Option<Vec<ScreenId>> {
        (!self.by_screen.is_empty()).then(|| self.by_screen.keys().copied().collect())
    }

    /// The connected screens, if they changed since the last call.
    pub(super) fn take_screens_change(&mut self) -> Option<Vec<ScreenId>> {
        std::mem::take(&mut self.screens_changed).then(|| self.screens().unwrap_or_default())
    }

    /// The current presence of the members that changed since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<Present<'_>> {
        std::mem::take(&mut self.changed).into_iter().map(|member| self.of(member)).collect()
    }

    /// The presence of every connected member.
    pub(super) fn all(&self) -> Vec<Present<'_>> {
        self.by_member.keys().map(|member| self.of(*member)).collect()
    }

    /// The connections that this server holds, with what their devices last reported.
    pub(super) fn held(&self) -> impl Iterator<Item = (&Arc<Link>, DeviceStatus)> {
        self.connected.values().filter(|connected| connected.link.outbox.relay().is_none()).map(|connected| {
            let ready = connected.ready.clone();
            let playback = connected.playback.as_deref().map(|playback| DevicePlayback { ready, ..playback.clone() });
            (&connected.link, DeviceStatus { playback, idle: connected.idle })
        })
    }

    /// The devices without a connection that follow the room.
    pub(super) fn followers(&self) -> &[Option<DeviceId>] {
        &self.followers
    }

    fn of(&self, member: UserId) -> Present<'_> {
        let devices: Vec<_> = self
            .connections_of(member)
            .map(|Connected { link, playback, .. }| PresentDevice {
                id: link.device.id,
                name: &link.device.name,
                kind: link.device.kind,
                playback: playback.as_deref(),
            })
            .collect();
        let idle = !devices.is_empty() && !self.active.contains(&member);
        Present { member, devices, idle }
    }
}
