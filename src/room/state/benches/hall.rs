//! The room that is measured: two hundred members, and as many tracks waiting as is asked for.

use std::collections::BTreeSet;
use std::hint::black_box;

use tutti_protocol::{Command, EntryId, ProviderId, RoomCode, SettingsChange, Track, TrackRef, UserId, UserKind};
use tutti_room_state::{Audience, Ctx, Input, Newcomer, RoomState};
use uuid::Uuid;

pub(crate) const MEMBERS: u128 = 200;
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

pub(crate) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number + 1))
}

fn newcomer(number: u128) -> Newcomer {
    Newcomer { id: user(number), name: format!("Member {number}"), kind: UserKind::Guest, picture: None }
}

/// As long as tracks of a library are: texts on the heap, and each track a length of its own.
fn track(number: u128) -> Track {
    Track {
        provider: ProviderId::LIBRARY,
        id: format!("{number:032x}"),
        title: format!("A title of ordinary length, number {number}"),
        artists: vec![format!("Artist {}", number % 300)],
        album: Some(format!("Album {}", number % 500)),
        duration_ms: 120_000 + u64::try_from(number * 7_919 % 240_000).unwrap_or(0),
        art_url: Some(format!("/api/v1/library/tracks/{number:032x}/art")),
        explicit: false,
        gain_db: None,
        unplayable: false,
    }
}

pub(crate) fn enqueue(number: u128) -> Input {
    let track = track(number);
    let reference = TrackRef { provider: track.provider, id: track.id.clone() };
    let command = Command::Enqueue { track: reference, before: None };
    Input::Command { by: user(number % MEMBERS), command, tracks: vec![track] }
}

pub(crate) fn handle(room: &mut RoomState, number: u128, input: &Input) {
    let present = BTreeSet::new();
    let new_entry = EntryId(Uuid::from_u128(1 << 64 | number));
    let ctx = Ctx {
        now_ms: NOW_MS,
        new_entry,
        present: &present,
        host_gone_since_ms: None,
        audience: &Audience::default(),
        unheard_since_ms: None,
    };
    black_box(room.handle(&ctx, input)).expect("nothing is refused here");
}

/// A room with so many tracks waiting beside the one that is on.
pub(crate) fn room(queued: u128, settings: SettingsChange) -> RoomState {
    let mut room = RoomState::new(RoomCode::from_bits(1));
    handle(&mut room, 0, &Input::Create { name: "Hall".into(), host: newcomer(0), settings: Box::default() });
    for number in 1..MEMBERS {
        handle(&mut room, 0, &Input::Enter(newcomer(number)));
    }
    for number in 0..=queued {
        handle(&mut room, number, &enqueue(number));
    }
    let command = Command::SetSettings { settings: Box::new(settings) };
    handle(&mut room, 0, &Input::Command { by: user(0), command, tracks: vec![] });
    assert_eq!(room.order_len() as u128, queued);
    room
}
