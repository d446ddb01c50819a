//! The ready barrier: which devices a start waits for.

use std::time::Duration;

use tutti::limits::{BROADCAST_WINDOW, PRESENCE_DELAY};
use tutti::room::state::{READY_BARRIER_MS, START_LEAD_MS, TRACK_CHANGE_LEAD_MS};
use tutti_protocol::{
    Command, DeviceId, DevicePlayback, DeviceStatus, EntryId, Event, OutputMode, Playback, PlaybackState, RoomCode,
    ServerFrame,
};

use super::hall::{Hall, Seat};

/// A room with a host that only controls, a screen, and listening devices.
struct Party {
    hall: Hall,
    code: RoomCode,
    ana: Seat,
    wall: Seat,
    devices: Vec<Seat>,
}

impl Party {
    async fn of(listening: usize) -> Self {
        let hall = Hall::open();
        let code = hall.room("ana").await;
        let ana = hall.enter(code, "ana").await;
        let wall = hall.enter(code, "ana").await;
        let mut devices = vec![];
        for _ in 0..listening {
            let device = hall.enter(code, "ben").await;
            says(&device, Some(&[]));
            devices.push(device);
        }
        let mut party = Self { hall, code, ana, wall, devices };
        rest().await;
        party.wall.so_far();
        party
    }

    /// The next announced timeline, and how far ahead it starts.
    async fn announced(&mut self) -> (Playback, i64) {
        loop {
            let (_, events) = self.wall.delta().await;
            if let Some(playback) = events.iter().find_map(timeline) {
                return (playback, playback.anchor_at_ms - self.hall.clock.now_ms());
            }
        }
    }

    /// Checks that no start was announced: the next deltas are those of the commands sent here.
    async fn nothing_was_announced(&mut self) {
        self.ana.ask(Command::Lock).await;
        self.ana.ask(Command::Unlock).await;
        for _ in 0..2 {
            let (_, events) = self.wall.delta().await;
            assert!(events.iter().all(|event| timeline(event).is_none()), "{events:?}");
        }
    }

    fn device(&self, index: usize) -> DeviceId {
        self.devices[index].link.device.id
    }
}

fn timeline(event: &Event) -> Option<Playback> {
    match event {
        Event::EntryStarted { playback, .. } | Event::PlaybackChanged { playback, .. } => Some(*playback),
        _ => None,
    }
}

/// Waits until batched frames are sent, so that the next one is sent at once.
async fn rest() {
    tokio::time::sleep(2 * BROADCAST_WINDOW).await;
}

/// Reports that a device plays and has these entries ready; `None`: it does not play.
fn says(device: &Seat, ready: Option<&[EntryId]>) {
    let playback = ready.map(|ready| DevicePlayback {
        entry: None,
        position_ms: 0.0,
        at_ms: 0.0,
        error_ms: 0.0,
        deviation_ms: None,
        measured: None,
        state: PlaybackState::Idle,
        ready: ready.to_vec(),
    });
    device.room.status(device.link.id, DeviceStatus { playback, idle: false });
}

#[tokio::test(start_paused = true)]
async fn a_start_is_advanced_once_enough_devices_are_ready() {
    let mut party = Party::of(2).await;
    let a1 = party.ana.add("a1").await;
    let (announced, ahead_ms) = party.announced().await;
    assert_eq!((announced.entry, ahead_ms), (Some(a1), READY_BARRIER_MS));
    says(&party.devices[0], Some(&[a1]));
    party.nothing_was_announced().await;
    tokio::time::advance(Duration::from_millis(500)).await;
    says(&party.devices[1], Some(&[a1]));
    let (again, ahead_ms) = party.announced().await;
    assert_eq!((again.entry, ahead_ms), (Some(a1), START_LEAD_MS));
    assert!(again.anchor_at_ms < announced.anchor_at_ms);
}

#[tokio::test(start_paused = true)]
async fn the_barrier_ignores_devices_that_leave_stop_playing_or_are_excluded() {
    for how in 0..3 {
        let mut party = Party::of(2).await;
        let a1 = party.ana.add("a1").await;
        says(&party.devices[0], Some(&[a1]));
        assert_eq!(party.announced().await.1, READY_BARRIER_MS);
        rest().await;
        match how {
            0 => party.devices.remove(1).leave().await,
            1 => says(&party.devices[1], None),
            _ => {
                let output = Command::SetOutput { mode: OutputMode::Everyone, devices: [party.device(1)].into() };
                party.ana.ask(output).await;
            }
        }
        // Batched behind the delta about the new output.
        let gathered_ms = if how == 2 { i64::try_from(BROADCAST_WINDOW.as_millis()).expect("short") } else { 0 };
        assert_eq!(party.announced().await.1, START_LEAD_MS - gathered_ms, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_barrier_waits_for_output_devices_only() {
    let mut party = Party::of(3).await;
    let output = Command::SetOutput { mode: OutputMode::Speakers, devices: [party.device(2)].into() };
    party.ana.ask(output).await;
    rest().await;
    let a1 = party.ana.add("a1").await;
    assert_eq!(party.announced().await.1, READY_BARRIER_MS);
    says(&party.devices[0], Some(&[a1]));
    says(&party.devices[1], Some(&[a1]));
    party.nothing_was_announced().await;
    rest().await;
    says(&party.devices[2], Some(&[a1]));
    assert_eq!(party.announced().await.1, START_LEAD_MS);
}

#[tokio::test(start_paused = true)]
async fn preloaded_entries_start_at_once_and_track_changes_never_wait() {
    let mut party = Party::of(1).await;
    let first = party.ana.add("a1").await;
    assert_eq!(party.announced().await.1, READY_BARRIER_MS);
    let entries = [first, party.ana.add("a2").await, party.ana.add("a3").await];
    rest().await;
    says(&party.devices[0], Some(&entries[..2]));
    assert_eq!(party.announced().await.1, START_LEAD_MS);
    rest().await;
    party.ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    let (second, ahead_ms) = party.announced().await;
    assert_eq!((second.entry, ahead_ms), (Some(entries[1]), START_LEAD_MS));
    for seat in [&party.ana, &party.wall, &party.devices[0]] {
        seat.link.heard(party.hall.clock.now_ms() + 3_600_000);
    }
    let (third, ahead_ms) = party.announced().await;
    assert_eq!((third.entry, ahead_ms), (Some(entries[2]), TRACK_CHANGE_LEAD_MS));
    assert_eq!(third.anchor_at_ms, second.anchor_at_ms + 180_000);
    says(&party.devices[0], Some(&entries));
    party.nothing_was_announced().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_a_start_happens_at_its_latest_time_or_sooner() {
    let mut party = Party::of(1).await;
    let a1 = party.ana.add("a1").await;
    let (announced, _) = party.announced().await;
    let Party { hall, code, .. } = party;
    let hall = hall.crash();
    let mut back = hall.enter(code, "ben").await;
    assert_eq!(back.snapshot().await.1.playback, announced);
    says(&back, Some(&[]));
    says(&back, Some(&[a1]));
    let (_, events) = back.delta().await;
    let again = events.iter().find_map(timeline).expect("a timeline");
    assert_eq!(again.anchor_at_ms, hall.clock.now_ms() + START_LEAD_MS);

    let hall = hall.crash();
    tokio::time::advance(Duration::from_secs(10)).await;
    let mut late = hall.enter(code, "ben").await;
    assert_eq!(late.snapshot().await.1.playback, again);
}

#[tokio::test(start_paused = true)]
async fn ready_entries_are_not_broadcast() {
    let mut party = Party::of(1).await;
    let a1 = party.ana.add("a1").await;
    says(&party.devices[0], Some(&[a1]));
    tokio::time::advance(PRESENCE_DELAY * 2).await;
    let told = party.wall.frame(|frame| matches!(frame, ServerFrame::Presence { .. })).await;
    let ServerFrame::Presence { members, .. } = told else { unreachable!() };
    let playing: Vec<_> =
        members.iter().flat_map(|member| &member.devices).filter_map(|device| device.playback.as_ref()).collect();
    assert!(!playing.is_empty() && playing.iter().all(|playback| playback.ready.is_empty()));
}
