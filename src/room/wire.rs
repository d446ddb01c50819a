//! A room's frames, each encoded once for all its receivers.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use tutti_protocol::client::DevicePlayback;
use tutti_protocol::{Command, DeviceId, DeviceKind, Entry, Position, ScreenId, ServerFrame, UserId};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    waitlist: Option<Vec<UserId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_votes_needed: Option<u32>,
}

/// What changed and does not follow from the events of a delta.
#[derive(Clone, Debug, Default)]
pub(super) struct DeltaFacts {
    pub(super) upcoming: Option<(Vec<Entry>, u32)>,
    pub(super) waitlist: Option<Vec<UserId>>,
    pub(super) skip_votes_needed: Option<u32>,
}

impl DeltaFacts {
    /// All that a client needs that missed events; votes are told with the presence.
    pub(super) fn of(room: &RoomState) -> Self {
        Self { upcoming: Some(room.upcoming()), waitlist: Some(room.waitlist()), skip_votes_needed: None }
    }
}

/// [`ServerFrame::Presence`] borrowing from the room: every join encodes everyone's presence.
#[derive(Serialize)]
struct Presence<'a> {
    r#type: &'static str,
    full: bool,
    members: Vec<Present<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_votes_needed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screens: Option<Vec<ScreenId>>,
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

/// A delta around a JSON array of events.
pub(super) fn delta(position: Position, events: &str, facts: DeltaFacts) -> Bytes {
    let events: &RawValue = serde_json::from_str(events).expect("events were written as JSON");
    let DeltaFacts { upcoming, waitlist, skip_votes_needed } = facts;
    let (upcoming, upcoming_total) = upcoming.unzip();
    frame::json(&Delta { r#type: "delta", position, events, upcoming, upcoming_total, waitlist, skip_votes_needed })
}

/// What is told to one member only.
pub(super) fn own(room: &RoomState, member: UserId) -> Bytes {
    frame::json(&ServerFrame::Own(room.own(member)))
}

pub(super) fn snapshot(epoch: u64, room: &RoomState) -> Bytes {
    let position = Position { epoch, offset: room.offset() };
    frame::json(&ServerFrame::Snapshot { position, room: Box::new(room.snapshot()) })
}

pub(super) fn presence(
    full: bool,
    members: Vec<Present<'_>>,
    skip_votes_needed: Option<u32>,
    screens: Option<Vec<ScreenId>>,
) -> Bytes {
    frame::json(&Presence { r#type: "presence", full, members, skip_votes_needed, screens })
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
        for is_told in [false, true] {
            let facts = DeltaFacts {
                upcoming: is_told.then(|| (vec![], 0)),
                waitlist: is_told.then(|| vec![UserId(Uuid::max())]),
                skip_votes_needed: is_told.then_some(3),
            };
            let read = read(&delta(position, &raw, facts.clone()));
            let DeltaFacts { upcoming, waitlist, skip_votes_needed } = facts;
            let ((upcoming, upcoming_total), events) = (upcoming.unzip(), events.clone());
            let expected =
                ServerFrame::Delta { position, events, upcoming, upcoming_total, waitlist, skip_votes_needed };
            assert_eq!(read, expected);
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
            let skip_votes_needed = full.then_some(2);
            let screens = full.then(|| vec![ScreenId(Uuid::max())]);
            let present = vec![Present { member: UserId(Uuid::nil()), devices, idle }];
            let told = presence(full, present, skip_votes_needed, screens.clone());
            let devices = vec![DevicePresence { id, name: "Kitchen".into(), kind, playback }];
            let members = vec![MemberPresence { member: UserId(Uuid::nil()), devices, idle }];
            assert_eq!(read(&told), ServerFrame::Presence { full, members, skip_votes_needed, screens });
        }
    }

    fn read(frame: &[u8]) -> ServerFrame {
        let start = frame.iter().position(|byte| *byte == b'{').expect("JSON");
        serde_json::from_slice(&frame[start..]).expect("a frame")
    }
}
