//! What was delivered and not yet read: bounded, and with a mark where something was dropped.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tutti_protocol::RoomId;

use super::bus::{Delivery, Received, Subject};
use crate::limits::{BUS_INBOX_BYTES_MAX, BUS_INBOX_MAX, BUS_ROOM_BYTES_MAX, BUS_ROOM_MAX};

/// The messages to one life.
#[derive(Debug)]
pub struct Inbox(Arc<Mailbox>);

impl Inbox {
    /// The next message; `None` once the bus is gone and all was read. Nothing is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.0.next().await
    }

    /// The next message, if there is one.
    pub fn try_recv(&mut self) -> Option<Delivery> {
        self.0.take().ok().flatten()
    }
}

/// The messages to those who follow a room. They are delivered until this is dropped.
#[derive(Debug)]
pub struct Following {
    room: RoomId,
    mailbox: Arc<Mailbox>,
    of: Arc<Mailboxes>,
}

impl Following {
    /// The next message; `None` once the bus is gone and all was read. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.mailbox.next().await
    }

    /// The next message, if there is one.
    pub fn try_next(&mut self) -> Option<Delivery> {
        self.mailbox.take().ok().flatten()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.of.unfollow(self.room, &self.mailbox);
    }
}

/// All mailboxes of one bus.
#[derive(Debug)]
pub(super) struct Mailboxes {
    inbox: Arc<Mailbox>,
    inbox_is_taken: AtomicBool,
    rooms: Mutex<Rooms>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Rooms {
    followed: HashMap<RoomId, Vec<Arc<Mailbox>>>,
    /// Rooms that have been followed or left since the bus last asked.
    changed: BTreeSet<RoomId>,
}

impl Mailboxes {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inbox: Arc::new(Mailbox::new(BUS_INBOX_MAX, BUS_INBOX_BYTES_MAX)),
            inbox_is_taken: AtomicBool::new(false),
            rooms: Mutex::default(),
            changed: Notify::new(),
        })
    }

    pub(super) fn take_inbox(&self) -> Inbox {
        let was_taken = self.inbox_is_taken.swap(true, Ordering::Relaxed);
        assert!(!was_taken, "the inbox is taken once");
        Inbox(self.inbox.clone())
    }

    pub(super) fn follow(self: &Arc<Self>, room: RoomId) -> Following {
        let mailbox = Arc::new(Mailbox::new(BUS_ROOM_MAX, BUS_ROOM_BYTES_MAX));
        let mut rooms = self.rooms.lock();
        rooms.followed.entry(room).or_default().push(mailbox.clone());
        rooms.changed.insert(room);
        drop(rooms);
        self.changed.notify_one();
        Following { room, mailbox, of: self.clone() }
    }

    fn unfollow(&self, room: RoomId, mailbox: &Arc<Mailbox>) {
        let mut rooms = self.rooms.lock();
        if let Some(mailboxes) = rooms.followed.get_mut(&room) {
            mailboxes.retain(|other| !Arc::ptr_eq(other, mailbox));
            if mailboxes.is_empty() {
                rooms.followed.remove(&room);
                rooms.changed.insert(room);
                drop(rooms);
                self.changed.notify_one();
            }
        }
    }

    /// Waits until rooms are followed or left.
    pub(super) async fn wait_for_changes(&self) {
        self.changed.notified().await;
    }

    /// The rooms that have been followed or left since the last call, and whether each of them is followed.
    pub(super) fn take_changes(&self) -> Vec<(RoomId, bool)> {
        let mut rooms = self.rooms.lock();
        let changed = std::mem::take(&mut rooms.changed);
        changed.into_iter().map(|room| (room, rooms.followed.contains_key(&room))).collect()
    }

    /// All rooms that are followed. Changes up to now count as taken.
    pub(super) fn followed(&self) -> Vec<RoomId> {
        let mut rooms = self.rooms.lock();
        rooms.changed.clear();
        rooms.followed.keys().copied().collect()
    }

    pub(super) fn deliver(&self, received: &Received) {
        let Subject::Room(room) = received.subject else { return self.inbox.push(received.clone()) };
        for mailbox in self.rooms.lock().followed.get(&room).into_iter().flatten() {
            mailbox.push(received.clone());
        }
    }

    /// Messages to anything may be missing.
    pub(super) fn gap_everywhere(&self) {
        self.inbox.push_gap();
        for mailbox in self.rooms.lock().followed.values().flatten() {
            mailbox.push_gap();
        }
    }

    /// Messages to these rooms arrive from now on. Says it to those who do not know it.
    pub(super) fn begin(&self, begun: impl IntoIterator<Item = RoomId>) {
        let rooms = self.rooms.lock();
        for mailbox in begun.into_iter().filter_map(|room| rooms.followed.get(&room)).flatten() {
            mailbox.begin();
        }
    }

    /// Nothing will be delivered any more.
    pub(super) fn close(&self) {
        self.inbox.close();
        for mailbox in self.rooms.lock().followed.values().flatten() {
            mailbox.close();
        }
    }
}

/// Has one reader.
#[derive(Debug)]
struct Mailbox {
    contents: Mutex<Contents>,
    /// Also when it was closed.
    filled: Notify,
    messages_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Contents {
    /// No two gaps lie beside each other.
    queue: VecDeque<Delivery>,
    bytes: usize,
    /// The first gap was delivered.
    has_begun: bool,
    is_closed: bool,
}

impl Contents {
    fn push_gap(&mut self) {
        self.has_begun = true;
        if self.queue.back() != Some(&Delivery::Gap) {
            self.queue.push_back(Delivery::Gap);
        }
    }
}

impl Mailbox {
    fn new(messages_max: usize, bytes_max: usize) -> Self {
        Self { contents: Mutex::default(), filled: Notify::new(), messages_max, bytes_max }
    }

    /// A message that does not fit is dropped. Those before it are kept: they continue what the reader has.
    fn push(&self, received: Received) {
        let mut contents = self.contents.lock();
        if !contents.has_begun {
            return;
        }
        let bytes = contents.bytes + received.payload.len();
        if contents.queue.len() < self.messages_max && bytes <= self.bytes_max {
            contents.bytes = bytes;
            contents.queue.push_back(Delivery::Message(received));
        } else {
            contents.push_gap();
        }
        drop(contents);
        self.filled.notify_one();
    }

    fn begin(&self) {
        if !self.contents.lock().has_begun {
            self.push_gap();
        }
    }

    fn push_gap(&self) {
        self.contents.lock().push_gap();
        self.filled.notify_one();
    }

    fn close(&self) {
        self.contents.lock().is_closed = true;
        self.filled.notify_one();
    }

    async fn next(&self) -> Option<Delivery> {
        loop {
            if let Ok(next) = self.take() {
                return next;
            }
            self.filled.notified().await;
        }
    }

    /// `Err` when nothing has arrived yet, `Ok(None)` when nothing will.
    fn take(&self) -> Result<Option<Delivery>, Empty> {
        let mut contents = self.contents.lock();
        match contents.queue.pop_front() {
            Some(Delivery::Message(received)) => {
                contents.bytes -= received.payload.len();
                Ok(Some(Delivery::Message(received)))
            }
            Some(Delivery::Gap) => Ok(Some(Delivery::Gap)),
            None if contents.is_closed => Ok(None),
            None => Err(Empty),
        }
    }
}

struct Empty;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u8, bytes: usize) -> Received {
        Received { subject: Subject::All, payload: vec![number; bytes].into() }
    }

    fn begun(messages_max: usize, bytes_max: usize) -> Mailbox {
        let mailbox = Mailbox::new(messages_max, bytes_max);
        mailbox.begin();
        assert_eq!(read(&mailbox), "-");
        mailbox
    }

    /// The first byte of each message, or a dash.
    fn read(mailbox: &Mailbox) -> String {
        let deliveries = std::iter::from_fn(|| mailbox.take().ok().flatten());
        let text = |delivery| match delivery {
            Delivery::Message(Received { payload, .. }) => payload[0].to_string(),
            Delivery::Gap => "-".into(),
        };
        deliveries.map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_gap_comes_first() {
        let mailbox = Mailbox::new(3, 100);
        mailbox.push(message(1, 1));
        mailbox.begin();
        mailbox.push(message(2, 1));
        mailbox.begin();
        assert_eq!(read(&mailbox), "- 2");
    }

    #[test]
    fn what_does_not_fit_leaves_one_gap() {
        let mailbox = begun(3, 100);
        for number in 1..=6 {
            mailbox.push(message(number, 1));
        }
        assert_eq!(read(&mailbox), "1 2 3 -");
        mailbox.push(message(7, 60));
        mailbox.push(message(8, 60));
        mailbox.push(message(9, 40));
        assert_eq!(read(&mailbox), "7 - 9", "bytes count as well");
        mailbox.push_gap();
        mailbox.push_gap();
        mailbox.push(message(10, 100));
        assert_eq!(read(&mailbox), "- 10", "what was read counts no longer");
    }

    #[test]
    fn a_full_mailbox_takes_messages_again_once_it_was_read() {
        let mailbox = begun(2, 100);
        for number in 1..=3 {
            mailbox.push(message(number, 1));
        }
        assert_eq!(mailbox.take().ok().flatten(), Some(Delivery::Message(message(1, 1))));
        mailbox.push(message(4, 1));
        assert_eq!(mailbox.take().ok().flatten(), Some(Delivery::Message(message(2, 1))));
        mailbox.push(message(5, 1));
        mailbox.push(message(6, 1));
        assert_eq!(read(&mailbox), "- 5 -");
    }

    #[tokio::test]
    async fn a_closed_mailbox_is_read_to_its_end() {
        let boxes = Mailboxes::new();
        let (mut inbox, mut following) = (boxes.take_inbox(), boxes.follow(RoomId(uuid::Uuid::from_u128(1))));
        boxes.gap_everywhere();
        boxes.deliver(&message(1, 1));
        boxes.close();
        assert_eq!(inbox.recv().await, Some(Delivery::Gap));
        assert_eq!(inbox.recv().await, Some(Delivery::Message(message(1, 1))));
        assert_eq!(following.next().await, Some(Delivery::Gap));
        assert_eq!((inbox.recv().await, following.next().await), (None, None));
    }

    #[test]
    fn a_bus_learns_which_rooms_to_subscribe_to() {
        let boxes = Mailboxes::new();
        let [one, two] = [1, 2].map(|number| RoomId(uuid::Uuid::from_u128(number)));
        let (first, second) = (boxes.follow(one), boxes.follow(one));
        assert_eq!(boxes.take_changes(), [(one, true)]);
        drop(first);
        assert_eq!(boxes.take_changes(), [], "it is still followed");
        let other = boxes.follow(two);
        drop(second);
        assert_eq!(boxes.take_changes(), [(one, false), (two, true)]);
        drop(boxes.follow(one));
        assert_eq!((boxes.followed(), boxes.take_changes()), (vec![two], vec![]));
        drop(other);
    }
}
