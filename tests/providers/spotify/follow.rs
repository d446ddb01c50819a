//! Devices of users' Spotify accounts follow a room without an open page.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tutti::room::state::Newcomer;
use tutti::room::{Join, RoomHandle};
use tutti::transport::{Link, Outbox};
use tutti_protocol::{
    Command, CommandId, ConnectionId, Device as RoomDevice, DeviceId, DeviceKind, OutputMode, ProviderId, RoomCode,
    SessionId, SettingsChange, TrackRef, UserId,
};
use tutti_spotify_stand_in::{Device, Playback, catalogue};
use uuid::Uuid;

use super::Stage;
use crate::http::{Answer, Browser, site::pass};

/// Far longer than any response on loopback takes.
const TIMEOUT: Duration = Duration::from_secs(20);

fn id_of(me: &Answer) -> UserId {
    UserId(me.json["id"].as_str().unwrap().parse().unwrap())
}

/// Joins a room with a connection whose outbox collects frames.
pub async fn join_room(stage: &Stage, room: &RoomHandle, who: &Browser<'_>) -> Arc<Link> {
    let user = id_of(&who.me().await);
    let newcomer = Newcomer::from(stage.site.context.identity.user(user).await.unwrap().unwrap());
    let now_ms = stage.site.context.clock.now_ms();
    let device =
        RoomDevice { id: DeviceId(Uuid::new_v4()), name: "Test".into(), kind: DeviceKind::Remote, providers: vec![] };
    let who = (user, SessionId(Uuid::new_v4()), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let expires_at_ms = now_ms + 100_000_000;
    let link =
        Link::new(ConnectionId(Uuid::new_v4()), who, device, Arc::new(Outbox::gathering()), now_ms, expires_at_ms);
    let link = Arc::new(link);
    room.join(Join { link: link.clone(), newcomer, resume: None }).await.unwrap();
    link
}

/// Ana's room, which she has joined, and a device of hers.
struct Kitchen<'a> {
    stage: &'a Stage,
    ana: Browser<'a>,
    user: UserId,
    link: Arc<Link>,
    code: String,
    room: RoomHandle,
}

impl<'a> Kitchen<'a> {
    async fn new(stage: &'a Stage) -> Self {
        stage.spotify.add_device("ana", Device::new("kitchen"));
        let ana = stage.logged_in().await;
        let user = id_of(&ana.me().await);
        let made = ana.clone().post("/api/v1/rooms", json!({ "name": "Party" })).await;
        let code = made.assert_ok().json["code"].as_str().unwrap().to_owned();
        let room = stage.site.context.rooms.open(RoomCode::parse(&code).unwrap()).await.unwrap();
        let link = join_room(stage, &room, &ana).await;
        Self { stage, ana, user, link, code, room }
    }

    /// With the device following the room.
    async fn following(stage: &'a Stage) -> Self {
        let kitchen = Self::new(stage).await;
        kitchen.choose(json!({ "device_id": "kitchen" })).await.assert_ok();
        kitchen
    }

    fn path(&self) -> String {
        format!("/api/v1/rooms/{}/spotify-output", self.code)
    }

    async fn choose(&self, choice: Value) -> Answer {
        self.stage.site.send(self.ana.request("PUT", &self.path()).json(&choice)).await
    }

    async fn output(&self) -> Value {
        self.ana.get(&self.path()).await.assert_ok().json["output"].clone()
    }

    async fn command(&self, command: Command) {
        let tracks = match &command {
            Command::Enqueue { track, .. } => {
                let track = self.stage.track(self.user, &track.id).await.unwrap();
                vec![track.expect("the track exists")]
            }
            _ => vec![],
        };
        self.room.command(self.link.id, self.user, CommandId(Uuid::new_v4()), command, tracks).await;
    }

    async fn add(&self, id: &str) {
        let track = TrackRef { provider: ProviderId::SPOTIFY, id: id.to_owned() };
        self.command(Command::Enqueue { track, before: None }).await;
    }

    fn plays(&self) -> Option<Playback> {
        self.stage.spotify.playback("ana")
    }

    /// Waits until the playback on the device matches.
    async fn until(&self, what: &str, wanted: impl Fn(Option<Playback>) -> bool) {
        let waiting = async {
            while !wanted(self.plays()) {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(TIMEOUT, waiting).await.is_ok(), "{what}: {:?}", self.plays());
    }

    async fn until_plays(&self, track: &str) {
        self.until(track, |now| now.is_some_and(|now| now.track == track && now.is_playing)).await;
    }

    async fn until_silent(&self) {
        self.until("silence", |now| now.is_none_or(|now| !now.is_playing)).await;
    }

    async fn until_state(&self, state: &str) -> Value {
        let waiting = async {
            loop {
                let output = self.output().await;
                if output["state"] == state {
                    return output;
                }
                tokio::task::yield_now().await;
            }
        };
        if let Ok(output) = tokio::time::timeout(TIMEOUT, waiting).await {
            return output;
        }
        panic!("never {state}: {}", self.output().await)
    }

    /// Waits until the server has measured how long the first start took.
    async fn until_learned(&self) {
        pass(Duration::from_secs(9)).await;
        let waiting = async {
            while self.output().await["error_ms"].is_null() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(TIMEOUT, waiting).await.expect("the server polls the player once");
    }

    /// The position in the current track.
    fn room_position_ms(&self) -> i64 {
        let view = self.room.view().borrow().clone();
        let now_ms = self.stage.site.context.clock.now_ms();
        i64::try_from(view.playback.anchor_position_ms).unwrap() + now_ms - view.playback.anchor_at_ms
    }

    fn requests(&self, path: &str) -> usize {
        self.stage.spotify.requests().iter().filter(|request| request.path == path).count()
    }
}

#[tokio::test]
async fn devices_are_listed_and_only_those_can_be_chosen() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::new(&stage).await;
    stage.spotify.add_device("ana", Device { is_restricted: true, ..Device::new("car") });
    let devices = kitchen.ana.get("/api/v1/me/spotify/devices").await.assert_ok().json["devices"].clone();
    assert_eq!(
        devices[0],
        json!({ "id": "kitchen", "name": "kitchen", "kind": "Computer", "active": false, "restricted": false })
    );
    assert_eq!(devices[1]["restricted"], true);
    assert_eq!(kitchen.output().await, Value::Null);
    for absent in ["attic", "car", ""] {
        kitchen.choose(json!({ "device_id": absent })).await.assert_problem(404, "not_found");
    }
    let chosen = kitchen.choose(json!({ "device_id": "kitchen" })).await;
    assert_eq!(chosen.assert_ok().json["output"]["name"], "kitchen");
    assert_eq!(kitchen.output().await["state"], "silent");
}

#[tokio::test]
async fn a_device_follows_through_play_seek_pause_skip_and_the_end() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.autoplay = true);
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add(catalogue::EXPLICIT).await;
    kitchen.until_plays(catalogue::EXPLICIT).await;
    assert_eq!(stage.spotify.active_device("ana").unwrap().id.as_str(), "kitchen");
    kitchen.until_learned().await;

    kitchen.command(Command::Seek { position_ms: 90_000 }).await;
    kitchen.until("a seek", |now| now.is_some_and(|now| now.position_ms >= 90_000)).await;

    kitchen.command(Command::Pause).await;
    kitchen.until_silent().await;
    kitchen.command(Command::Play).await;
    kitchen.until_plays(catalogue::EXPLICIT).await;

    kitchen.add(catalogue::SHORT).await;
    kitchen.command(Command::Skip { entry: None, unplayable: None }).await;
    kitchen.until_plays(catalogue::SHORT).await;
    assert_eq!(kitchen.until_state("playing").await["device_id"], "kitchen");

    // It is paused before Spotify autoplays.
    pass(Duration::from_secs(20)).await;
    pass(Duration::from_secs(8)).await;
    kitchen.until_silent().await;
    let tracks: Vec<_> = stage.spotify.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(tracks.last().map(String::as_str), Some("/v1/me/player/pause"));
    // On a loaded machine the pause may be late; then it stops the autoplayed track.
    let chosen = kitchen.plays().filter(|now| now.track == catalogue::AUTOPLAYED);
    assert!(chosen.is_none_or(|now| now.position_ms < 1_000), "{chosen:?}");
}

#[tokio::test]
async fn the_next_track_starts_without_a_pause() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add(catalogue::SHORT).await;
    kitchen.add("8KettleSong00000000000").await;
    kitchen.until_plays(catalogue::SHORT).await;
    pass(Duration::from_secs(20)).await;
    pass(Duration::from_secs(9)).await;
    kitchen.until_plays("8KettleSong00000000000").await;
    assert_eq!(kitchen.requests("/v1/me/player/pause"), 0);
}

#[tokio::test]
async fn it_learns_how_long_starts_take_and_polls_rarely() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add(catalogue::EXPLICIT).await;
    kitchen.until_plays(catalogue::EXPLICIT).await;
    // Starts on loopback are faster than the initial estimate.
    kitchen.until_learned().await;
    let polls = || kitchen.requests("/v1/me/player");
    assert_eq!(polls(), 1);
    pass(Duration::from_secs(50)).await;
    kitchen.command(Command::Seek { position_ms: 10_000 }).await;
    let placed = |now: Option<Playback>| now.is_some_and(|now| now.position_ms < 30_000);
    kitchen.until("the seek", placed).await;
    let off_ms = kitchen.room_position_ms() - i64::try_from(kitchen.plays().unwrap().position_ms).unwrap();
    assert!(off_ms.abs() < 300, "{off_ms} ms off after learning");
    assert_eq!(polls(), 1, "not once a minute");
}

#[tokio::test]
async fn a_large_deviation_restarts_the_track_and_a_manual_pause_is_kept() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add("9SlowElevator000000000").await;
    kitchen.until_plays("9SlowElevator000000000").await;
    // The stand-in's clock jumps ahead: the device is five seconds early.
    stage.spotify.advance(Duration::from_secs(5));
    pass(Duration::from_secs(9)).await;
    let plays = || kitchen.requests("/v1/me/player/play");
    let waiting = async {
        while plays() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, waiting).await.expect("the track is restarted");
    stage.spotify.remove_device("ana", "kitchen");
    stage.spotify.add_device("ana", Device::new("kitchen"));
    stage.spotify.activate_device("ana", "kitchen");
    pass(Duration::from_secs(70)).await;
    kitchen.until_state("paused").await;
    pass(Duration::from_secs(70)).await;
    assert!(!kitchen.plays().unwrap().is_playing);
    kitchen.add(catalogue::SHORT).await;
    kitchen.command(Command::Skip { entry: None, unplayable: None }).await;
    kitchen.until_plays(catalogue::SHORT).await;
}

#[tokio::test]
async fn following_ends_with_another_choice_its_removal_an_unlink_or_the_end_of_the_room() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add("9SlowElevator000000000").await;
    kitchen.until_plays("9SlowElevator000000000").await;

    stage.spotify.add_device("ana", Device::new("phone"));
    kitchen.choose(json!({ "device_id": "phone" })).await.assert_ok();
    let is_on = |device: &str| stage.spotify.active_device("ana").is_some_and(|active| active.id.as_str() == device);
    kitchen.until("on the phone", |now| now.is_some_and(|now| now.is_playing) && is_on("phone")).await;

    kitchen.ana.clone().delete(&kitchen.path()).await.assert_ok();
    assert!(!kitchen.plays().unwrap().is_playing, "it is paused before the response");
    assert_eq!(kitchen.output().await, Value::Null);

    kitchen.choose(json!({ "device_id": "kitchen" })).await.assert_ok();
    kitchen.until_plays("9SlowElevator000000000").await;
    kitchen.ana.clone().delete("/api/v1/me/spotify").await.assert_ok();
    assert!(!kitchen.plays().unwrap().is_playing);

    stage.log_in(&mut kitchen.ana.clone(), "return_to=/").await;
    kitchen.choose(json!({ "device_id": "kitchen" })).await.assert_ok();
    kitchen.until_plays("9SlowElevator000000000").await;
    kitchen.command(Command::CloseRoom).await;
    kitchen.until_silent().await;
    kitchen.until_state("over").await;
}

#[tokio::test]
async fn the_rooms_output_applies_to_a_following_device() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::new(&stage).await;
    let device = DeviceId(Uuid::new_v4());
    kitchen.choose(json!({ "device_id": "kitchen", "device": device })).await.assert_ok();
    kitchen.add("9SlowElevator000000000").await;
    kitchen.until_plays("9SlowElevator000000000").await;
    let other = DeviceId(Uuid::new_v4());
    kitchen.command(Command::SetOutput { mode: OutputMode::Speakers, devices: [other].into() }).await;
    kitchen.until_silent().await;
    kitchen.command(Command::SetOutput { mode: OutputMode::Speakers, devices: [device].into() }).await;
    kitchen.until_plays("9SlowElevator000000000").await;
    kitchen.command(Command::SetOutput { mode: OutputMode::Everyone, devices: [device].into() }).await;
    kitchen.until_silent().await;
}

#[tokio::test]
async fn a_room_that_waits_for_a_listener_starts_for_a_following_device() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::new(&stage).await;
    let settings = SettingsChange { wait_for_listener: Some(true), ..SettingsChange::default() };
    kitchen.command(Command::SetSettings { settings: Box::new(settings) }).await;
    kitchen.add("9SlowElevator000000000").await;
    let mut view = kitchen.room.view();
    let waits = |playback: &tutti_protocol::Playback| playback.waiting_for_listener;
    view.wait_for(|view| waits(&view.playback)).await.unwrap();
    kitchen.choose(json!({ "device_id": "kitchen" })).await.assert_ok();
    kitchen.until_plays("9SlowElevator000000000").await;
    kitchen.ana.clone().delete(&kitchen.path()).await.assert_ok();
    pass(Duration::from_secs(61)).await;
    view.wait_for(|view| waits(&view.playback)).await.unwrap();
}

#[tokio::test]
async fn every_success_status_of_a_command_counts_as_success() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add(catalogue::EXPLICIT).await;
    kitchen.until_plays(catalogue::EXPLICIT).await;
    for status in [200_u16, 202, 204] {
        stage.spotify.switches(|switches| switches.command_status = status.try_into().unwrap());
        kitchen.add(catalogue::SHORT).await;
        kitchen.command(Command::Skip { entry: None, unplayable: None }).await;
        kitchen.until_plays(catalogue::SHORT).await;
        kitchen.command(Command::Pause).await;
        kitchen.until_silent().await;
        kitchen.command(Command::Play).await;
        kitchen.until_plays(catalogue::SHORT).await;
        kitchen.until_state("playing").await;
    }
    // Pausing a device that does not play is no failure.
    stage.spotify.remove_device("ana", "kitchen");
    stage.spotify.add_device("ana", Device::new("kitchen"));
    kitchen.command(Command::Pause).await;
    kitchen.until_state("silent").await;
}

#[tokio::test]
async fn a_device_that_was_off_follows_again_when_it_returns() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    stage.spotify.remove_device("ana", "kitchen");
    kitchen.add("9SlowElevator000000000").await;
    kitchen.until_state("gone").await;
    stage.spotify.add_device("ana", Device::new("kitchen"));
    pass(Duration::from_secs(31)).await;
    kitchen.until_plays("9SlowElevator000000000").await;
}

#[tokio::test]
async fn a_single_premium_required_error_does_not_change_the_verdict() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    stage.spotify.switches(|switches| switches.false_premium_required = 1);
    kitchen.add(catalogue::SHORT).await;
    kitchen.until("one refusal", |_| stage.spotify.switches(|switches| switches.false_premium_required == 0)).await;
    pass(Duration::from_secs(3)).await;
    kitchen.until_plays(catalogue::SHORT).await;
    kitchen.until_state("playing").await;
    let premium = stage.link(&kitchen.ana).await["premium"].clone();
    assert_eq!((&premium["verdict"], &premium["evidence"]), (&json!("premium"), &json!("command")));
}

#[tokio::test]
async fn without_premium_following_ends_as_not_premium_and_cannot_start_again() {
    let stage = Stage::new("cleo").await;
    let spotify = &stage.spotify;
    spotify.add_device("cleo", Device::new("kitchen"));
    spotify.add_device("ana", Device::new("unused"));
    let cleo = stage.logged_in().await;
    let made = cleo.clone().post("/api/v1/rooms", json!({ "name": "Party" })).await;
    let code = made.json["code"].as_str().unwrap().to_owned();
    let room = stage.site.context.rooms.open(RoomCode::parse(&code).unwrap()).await.unwrap();
    let link = join_room(&stage, &room, &cleo).await;
    let user = id_of(&cleo.me().await);
    let path = format!("/api/v1/rooms/{code}/spotify-output");
    let choose = || stage.site.send(cleo.request("PUT", &path).json(&json!({ "device_id": "kitchen" })));
    choose().await.assert_ok();
    let track = TrackRef { provider: ProviderId::SPOTIFY, id: catalogue::SHORT.into() };
    let found = stage.track(user, &track.id).await.unwrap().unwrap();
    let command = Command::Enqueue { track, before: None };
    room.command(link.id, user, CommandId(Uuid::new_v4()), command, vec![found]).await;
    let waiting = async {
        while cleo.get(&path).await.json["output"]["state"] != "not_premium" {
            pass(Duration::from_millis(100)).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT * 30, waiting).await.expect("repeated refusals change the verdict");
    assert_eq!(stage.link(&cleo).await["premium"]["verdict"], "not_premium");
    choose().await.assert_problem(403, "premium_required");
}

#[tokio::test]
async fn a_long_retry_after_pauses_requests_and_following_resumes_afterwards() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::following(&stage).await;
    kitchen.add("9SlowElevator000000000").await;
    kitchen.until_plays("9SlowElevator000000000").await;
    stage.spotify.switches(|switches| (switches.too_many_requests, switches.retry_after_seconds) = (1, 300));
    kitchen.command(Command::Seek { position_ms: 60_000 }).await;
    let output = kitchen.until_state("busy").await;
    assert!(output["retry_at_ms"].as_i64().unwrap() > stage.site.context.clock.now_ms() + 290_000);
    let before = stage.spotify.requests().len();
    kitchen.command(Command::Seek { position_ms: 30_000 }).await;
    kitchen.until_state("busy").await;
    // Otherwise the room might seek only after the pause.
    kitchen.until("the room's seek", |_| kitchen.room_position_ms() < 40_000).await;
    assert_eq!(stage.spotify.requests().len(), before, "no request during the pause");
    pass(Duration::from_secs(301)).await;
    kitchen.until_state("playing").await;
    kitchen.until("the room's position", |now| now.is_some_and(|now| now.position_ms > 320_000)).await;
}

#[tokio::test]
async fn only_members_of_a_room_can_choose_a_device_for_it() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::new(&stage).await;
    stage.consent_as("ben");
    stage.spotify.add_device("ben", Device::new("garage"));
    let ben = stage.logged_in().await;
    let answer = stage.site.send(ben.request("PUT", &kitchen.path()).json(&json!({ "device_id": "garage" }))).await;
    answer.assert_problem(404, "not_found");
    let logged_out = stage.browser();
    stage.site.send(logged_out.request("GET", &kitchen.path())).await.assert_problem(401, "forbidden");
    let elsewhere = stage
        .site
        .send(
            kitchen.ana.request("PUT", "/api/v1/rooms/000000/spotify-output").json(&json!({ "device_id": "kitchen" })),
        )
        .await;
    elsewhere.assert_problem(404, "not_found");
}

#[tokio::test]
async fn the_play_route_starts_a_track_on_a_device() {
    let stage = Stage::new("ana").await;
    let kitchen = Kitchen::new(&stage).await;
    let play = |body: Value| {
        let mut ana = kitchen.ana.clone();
        async move { ana.post("/api/v1/me/spotify/play", body).await }
    };
    let start = json!({ "device_id": "kitchen", "track": catalogue::SHORT, "position_ms": 4_000 });
    assert_eq!(play(start).await.status, 204);
    assert_eq!(kitchen.plays().unwrap().track, catalogue::SHORT);
    assert!(kitchen.plays().unwrap().position_ms >= 4_000);
    play(json!({ "device_id": "attic", "track": catalogue::SHORT, "position_ms": 0 }))
        .await
        .assert_problem(404, "not_found");
    play(json!({ "device_id": "kitchen", "track": "spotify:track:x", "position_ms": 0 }))
        .await
        .assert_problem(400, "invalid");
    stage.browser().post("/api/v1/me/spotify/play", json!({})).await.assert_problem(401, "forbidden");
}
