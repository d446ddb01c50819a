//! Frames of a room, encoded once for everyone who gets them.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use tutti_protocol::{Command, Entry, MemberPresence, Position, ServerFrame, UserId};

use super::state::RoomState;
use crate::connection::frame;

/// [`ServerFrame::Delta`] around events that are JSON already.
#[derive(Serialize)]
struct Delta<'a> {
    r#type: &'static str,
    position: Position,
    events: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    upcoming: Option<Vec<Entry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upcoming_total: Option<u32>,
}

/// A delta around a JSON array of events, with the new order when there is one.
pub(super) fn delta(position: Position, events: &str, upcoming: Option<(Vec<Entry>, u32)>) -> Bytes {
    let events: &RawValue = serde_json::from_str(events).expect("events were written as JSON");
    let (upcoming, upcoming_total) = upcoming.unzip();
    frame::json(&Delta { r#type: "delta", position, events, upcoming, upcoming_total })
}

pub(super) fn snapshot(epoch: u64, room: &RoomState) -> Bytes {
    let position = Position { epoch, offset: room.offset() };
    frame::json(&ServerFrame::Snapshot { position, room: Box::new(room.snapshot()) })
}

pub(super) fn presence(full: bool, members: Vec<MemberPresence>) -> Bytes {
    frame::json(&ServerFrame::Presence { full, members })
}

/// What a command says to everybody, when it says something.
pub(super) fn said(member: UserId, command: &Command, at_ms: i64) -> Option<Bytes> {
    match command {
        Command::Say { text } => Some(frame::json(&ServerFrame::Said { member, text: text.clone(), at_ms })),
        Command::React { emoji } => Some(frame::json(&ServerFrame::Reacted { member, emoji: emoji.clone(), at_ms })),
        _ => None,
    }
}

/// A heartbeat and a ping, in one piece: two frames for the price of one write.
pub(super) fn heartbeat(offset: u64, server_time_ms: f64) -> Bytes {
    let heartbeat = frame::json(&ServerFrame::Heartbeat { offset, server_time_ms });
    let ping = frame::ping();
    let mut both = BytesMut::with_capacity(heartbeat.len() + ping.len());
    both.put(heartbeat);
    both.put(ping);
    both.freeze()
}

#[cfg(test)]
mod tests {
    use tutti_protocol::{EntryId, Event};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_delta_around_raw_events_is_a_delta() {
        let events = vec![Event::NextLocked { entry: EntryId(Uuid::nil()) }];
        let position = Position { epoch: 3, offset: 9 };
        let raw = serde_json::to_string(&events).expect("serializable");
        for upcoming in [None, Some((vec![], 0))] {
            let bytes = delta(position, &raw, upcoming.clone());
            let start = bytes.iter().position(|byte| *byte == b'{').expect("JSON");
            let read: ServerFrame = serde_json::from_slice(&bytes[start..]).expect("a frame");
            let (upcoming, upcoming_total) = upcoming.unzip();
            assert_eq!(read, ServerFrame::Delta { position, events: events.clone(), upcoming, upcoming_total });
        }
    }
}
