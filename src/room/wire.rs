//! A room's frames, each encoded once for all its receivers.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use tutti_protocol::client::DevicePlayback;
use tutti_protocol::{Command, DeviceId, DeviceKind, Entry, Position, ServerFrame, UserId};

use super::state::{Input, RoomState};
use crate::transport::frame;

/// [`ServerFrame::Delta`] around events that are already JSON.
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

/// [`ServerFrame::Presence`] borrowing from the room: every join encodes everyone's presence.
#[derive(Serialize)]
struct Presence<'a> {
    r#type: &'static str,
    full: bool,
    members: Vec<Present<'a>>,
}

/// [`MemberPresence`](tutti_protocol::MemberPresence).
#[derive(Serialize)]
pub(super) struct Present<'a> {
    pub(super) member: UserId,
    pub(super) devices: Vec<PresentDevice<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) idle: bool,
}

/// [`DevicePresence`](tutti_protocol::DevicePresence).
#[derive(Serialize)]
pub(super) struct PresentDevice<'a> {
    pub(super) id: DeviceId,
    pub(super) name: &'a str,
    pub(super) kind: DeviceKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) playback: Option<&'a DevicePlayback>,
}

/// A delta around a JSON array of events, with the order of play when it changed.
pub(super) fn delta(position: Position, events: &str, upcoming: Option<(Vec<Entry>, u32)>) -> Bytes {
    let events: &RawValue = serde_json::from_str(events).expect("events were written as JSON");
    let (upcoming, upcoming_total) = upcoming.unzip();
    frame::json(&Delta { r#type: "delta", position, events, upcoming, upcoming_total })
}

pub(super) fn snapshot(epoch: u64, room: &RoomState) -> Bytes {
    let position = Position { epoch, offset: room.offset() };
    frame::json(&ServerFrame::Snapshot { position, room: Box::new(room.snapshot()) })
}

pub(super) fn presence(full: bool, members: Vec<Present<'_>>) -> Bytes {
    frame::json(&Presence { r#type: "presence", full, members })
}

/// The frame of a chat message or a reaction; `None` for any other input.
pub(super) fn said(input: &Input, at_ms: i64) -> Option<Bytes> {
    let Input::Command { by, command, .. } = input else { return None };
    let member = *by;
    match command {
        Command::Say { text } => Some(frame::json(&ServerFrame::Said { member, text: text.clone(), at_ms })),
        Command::React { emoji } => Some(frame::json(&ServerFrame::Reacted { member, emoji: emoji.clone(), at_ms })),
        _ => None,
    }
}

/// A heartbeat and a ping in one write.
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
    use tutti_protocol::{DevicePresence, EntryId, Event, MemberPresence, PlaybackState};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_delta_around_raw_json_decodes_as_a_delta() {
        let events = vec![Event::NextLocked { entry: EntryId(Uuid::nil()) }];
        let position = Position { epoch: 3, offset: 9 };
        let raw = serde_json::to_string(&events).expect("serializable");
        for upcoming in [None, Some((vec![], 0))] {
            let read = read(&delta(position, &raw, upcoming.clone()));
            let (upcoming, upcoming_total) = upcoming.unzip();
            assert_eq!(read, ServerFrame::Delta { position, events: events.clone(), upcoming, upcoming_total });
        }
    }

    #[test]
    fn borrowed_presence_decodes_as_presence() {
        let playback = DevicePlayback {
            entry: None,
            position_ms: 5.0,
            at_ms: 6.0,
            error_ms: 0.5,
            deviation_ms: None,
            measured: None,
            state: PlaybackState::Playing,
            ready: vec![],
        };
        for (full, idle, playback) in [(true, true, None), (false, false, Some(playback))] {
            let (id, kind) = (DeviceId(Uuid::max()), DeviceKind::Player);
            let devices = vec![PresentDevice { id, name: "Kitchen", kind, playback: playback.as_ref() }];
            let told = presence(full, vec![Present { member: UserId(Uuid::nil()), devices, idle }]);
            let devices = vec![DevicePresence { id, name: "Kitchen".into(), kind, playback }];
            let members = vec![MemberPresence { member: UserId(Uuid::nil()), devices, idle }];
            assert_eq!(read(&told), ServerFrame::Presence { full, members });
        }
    }

    fn read(frame: &[u8]) -> ServerFrame {
        let start = frame.iter().position(|byte| *byte == b'{').expect("JSON");
        serde_json::from_slice(&frame[start..]).expect("a frame")
    }
}
