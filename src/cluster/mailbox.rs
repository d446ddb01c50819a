//! What was delivered and not yet read: bounded, and with a mark where something was dropped.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::bus::{Delivery, Received};

/// The messages to one life.
#[derive(Debug)]
pub struct Inbox(Arc<Mailbox>);

impl Inbox {
    /// The next message; `None` once the bus is gone and all was read. Nothing is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Delivery> {
        loop {
            if let Ok(next) = self.0.take() {
                return next;
            }
            self.0.filled.notified().await;
        }
    }

    /// The next message, if there is one.
    pub fn try_recv(&mut self) -> Option<Delivery> {
        self.0.take().ok().flatten()
    }
}

/// Has one reader.
#[derive(Debug)]
pub(super) struct Mailbox {
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
    has_reader: bool,
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
    pub(super) fn new(messages_max: usize, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { contents: Mutex::default(), filled: Notify::new(), messages_max, bytes_max })
    }

    /// Can be called once.
    pub(super) fn reader(self: &Arc<Self>) -> Inbox {
        let had_reader = std::mem::replace(&mut self.contents.lock().has_reader, true);
        assert!(!had_reader, "a mailbox has one reader");
        Inbox(self.clone())
    }

    /// A message that does not fit is dropped. Those before it are kept: they continue what the reader has.
    pub(super) fn push(&self, received: Received) {
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

    /// Messages may be missing here.
    pub(super) fn push_gap(&self) {
        self.contents.lock().push_gap();
        self.filled.notify_one();
    }

    /// Nothing will be delivered any more.
    pub(super) fn close(&self) {
        self.contents.lock().is_closed = true;
        self.filled.notify_one();
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
    use super::super::bus::Subject;
    use super::*;

    fn message(number: u8, bytes: usize) -> Received {
        Received { subject: Subject::All, payload: vec![number; bytes].into() }
    }

    fn begun(messages_max: usize, bytes_max: usize) -> Arc<Mailbox> {
        let mailbox = Mailbox::new(messages_max, bytes_max);
        mailbox.push_gap();
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
        mailbox.push_gap();
        mailbox.push(message(2, 1));
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
        let mailbox = Mailbox::new(3, 100);
        let mut inbox = mailbox.reader();
        mailbox.push_gap();
        mailbox.push(message(1, 1));
        mailbox.close();
        assert_eq!(inbox.recv().await, Some(Delivery::Gap));
        assert_eq!(inbox.recv().await, Some(Delivery::Message(message(1, 1))));
        assert_eq!(inbox.recv().await, None);
    }
}
