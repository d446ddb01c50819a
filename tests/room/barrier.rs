//! The ready barrier: which devices a start waits for.

use std::time::Duration;

use tutti::limits::{BROADCAST_WINDOW, PRESENCE_DELAY};
use tutti::room::state::{READY_BARRIER_MS, START_LEAD_MS, TRACK_CHANGE_LEAD_MS};
use tutti_protocol::{Command, DeviceId, Event, OutputMode, Playback, RoomCode, ServerFrame};

use super::room_server::{MemberConnection, RoomServer};

/// A room with a host that only controls, a screen, and listening devices.
struct BarrierTest {
    server: RoomServer,
    code: RoomCode,
    ana: MemberConnection,
    screen: MemberConnection,
    devices: Vec<MemberConnection>,
}

impl BarrierTest {
    async fn of(listening: usize) -> Self {
        let server = RoomServer::open();
        let code = server.room("ana").await;
        let ana = server.enter(code, "ana").await;
        let screen = server.enter(code, "ana").await;
        let mut devices = vec![];
        for _ in 0..listening {
            let device = server.enter(code, "ben").await;
            device.plays(Some(&[]));
            devices.push(device);
        }
        let mut test = Self { server, code, ana, screen, devices };
        wait_for_batches().await;
        test.screen.take_received();
        test
    }

    /// The next announced timeline, and how far ahead it starts.
    async fn announced(&mut self) -> (Playback, i64) {
        loop {
            let (_, events) = self.screen.delta().await;
            if let Some(playback) = events.iter().find_map(timeline) {
                return (playback, playback.anchor_at_ms - self.server.clock.now_ms());
            }
        }
    }

    /// Checks that no start was announced: the next deltas are those of the commands sent here.
    async fn assert_no_announcement(&mut self) {
        self.ana.ask(Command::Lock).await;
        self.ana.ask(Command::Unlock).await;
        for _ in 0..2 {
            let (_, events) = self.screen.delta().await;
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
async fn wait_for_batches() {
    tokio::time::sleep(2 * BROADCAST_WINDOW).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_is_advanced_once_enough_devices_are_ready() {
    let mut test = BarrierTest::of(2).await;
    let a1 = test.ana.add("a1").await;
    let (announced, lead_ms) = test.announced().await;
    assert_eq!((announced.entry, lead_ms), (Some(a1), READY_BARRIER_MS));
    test.devices[0].plays(Some(&[a1]));
    test.assert_no_announcement().await;
    tokio::time::advance(Duration::from_millis(500)).await;
    test.devices[1].plays(Some(&[a1]));
    let (again, lead_ms) = test.announced().await;
    assert_eq!((again.entry, lead_ms), (Some(a1), START_LEAD_MS));
    assert!(again.anchor_at_ms < announced.anchor_at_ms);
}

#[tokio::test(start_paused = true)]
async fn the_barrier_ignores_devices_that_leave_stop_playing_or_are_excluded() {
    for how in 0..3 {
        let mut test = BarrierTest::of(2).await;
        let a1 = test.ana.add("a1").await;
        test.devices[0].plays(Some(&[a1]));
        assert_eq!(test.announced().await.1, READY_BARRIER_MS);
        wait_for_batches().await;
        match how {
            0 => test.devices.remove(1).leave().await,
            1 => test.devices[1].plays(None),
            _ => {
                let output = Command::SetOutput { mode: OutputMode::Everyone, devices: [test.device(1)].into() };
                test.ana.ask(output).await;
            }
        }
        // Batched behind the delta about the new output.
        let batched_ms = if how == 2 { i64::try_from(BROADCAST_WINDOW.as_millis()).expect("short") } else { 0 };
        assert_eq!(test.announced().await.1, START_LEAD_MS - batched_ms, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_barrier_waits_for_output_devices_only() {
    let mut test = BarrierTest::of(3).await;
    let output = Command::SetOutput { mode: OutputMode::Speakers, devices: [test.device(2)].into() };
    test.ana.ask(output).await;
    wait_for_batches().await;
    let a1 = test.ana.add("a1").await;
    assert_eq!(test.announced().await.1, READY_BARRIER_MS);
    test.devices[0].plays(Some(&[a1]));
    test.devices[1].plays(Some(&[a1]));
    test.assert_no_announcement().await;
    wait_for_batches().await;
    test.devices[2].plays(Some(&[a1]));
    assert_eq!(test.announced().await.1, START_LEAD_MS);
}

#[tokio::test(start_paused = true)]
async fn preloaded_entries_start_at_once_and_track_changes_never_wait() {
    let mut test = BarrierTest::of(1).await;
    let first = test.ana.add("a1").await;
    assert_eq!(test.announced().await.1, READY_BARRIER_MS);
    let entries = [first, test.ana.add("a2").await, test.ana.add("a3").await];
    wait_for_batches().await;
    test.devices[0].plays(Some(&entries[..2]));
    assert_eq!(test.announced().await.1, START_LEAD_MS);
    wait_for_batches().await;
    test.ana.ask(Command::Skip { entry: None, unplayable: None }).await;
    let (second, lead_ms) = test.announced().await;
    assert_eq!((second.entry, lead_ms), (Some(entries[1]), START_LEAD_MS));
    for connection in [&test.ana, &test.screen, &test.devices[0]] {
        connection.link.heard(test.server.clock.now_ms() + 3_600_000);
    }
    let (third, lead_ms) = test.announced().await;
    assert_eq!((third.entry, lead_ms), (Some(entries[2]), TRACK_CHANGE_LEAD_MS));
    assert_eq!(third.anchor_at_ms, second.anchor_at_ms + 180_000);
    test.devices[0].plays(Some(&entries));
    test.assert_no_announcement().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_a_start_happens_at_its_latest_time_or_sooner() {
    let mut test = BarrierTest::of(1).await;
    let a1 = test.ana.add("a1").await;
    let (announced, _) = test.announced().await;
    let BarrierTest { server, code, .. } = test;
    let server = server.crash();
    let mut back = server.enter(code, "ben").await;
    assert_eq!(back.snapshot().await.1.playback, announced);
    back.plays(Some(&[]));
    back.plays(Some(&[a1]));
    let (_, events) = back.delta().await;
    let again = events.iter().find_map(timeline).expect("a timeline");
    assert_eq!(again.anchor_at_ms, server.clock.now_ms() + START_LEAD_MS);

    let server = server.crash();
    tokio::time::advance(Duration::from_secs(10)).await;
    let mut late = server.enter(code, "ben").await;
    assert_eq!(late.snapshot().await.1.playback, again);
}

#[tokio::test(start_paused = true)]
async fn ready_entries_are_not_broadcast() {
    let mut test = BarrierTest::of(1).await;
    let a1 = test.ana.add("a1").await;
    test.devices[0].plays(Some(&[a1]));
    tokio::time::advance(PRESENCE_DELAY * 2).await;
    let told = test.screen.frame(|frame| matches!(frame, ServerFrame::Presence { .. })).await;
    let ServerFrame::Presence { members, .. } = told else { unreachable!() };
    let playing: Vec<_> =
        members.iter().flat_map(|member| &member.devices).filter_map(|device| device.playback.as_ref()).collect();
    assert!(!playing.is_empty() && playing.iter().all(|playback| playback.ready.is_empty()));
}
