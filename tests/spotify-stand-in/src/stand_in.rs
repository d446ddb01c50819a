//! The handle of a running stand-in, for tests in the same process.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::people::Person;
use crate::player::Device;
use crate::recorder::RecordedRequest;
use crate::server::{self, Shared};
use crate::switches::{LATENCY_MS_MAX, Switches};
use crate::world::World;

/// A stand-in on a loopback address. Several in one process are independent.
///
/// When dropped, it accepts no further connections and lets requests finish; [`StandIn::stop`] also waits for them.
/// Methods panic when the person or device does not exist: that is a mistake in the test.
pub struct StandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl StandIn {
    /// Starts on a free port for [`App::default`].
    pub async fn start_on_free_port() -> io::Result<Self> {
        Self::start((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts on `address` for [`App::default`].
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        Self::start_for(App::default(), address).await
    }

    /// Starts on `address` for `app`. Rejects addresses other than loopback: the stand-in authenticates no one.
    pub async fn start_for(app: App, address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let sentence = format!("{address} is not a loopback address; the stand-in serves this machine only");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, sentence));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let world = Mutex::new(World::new(format!("http://{address}"), app));
        let shared = Arc::new(Shared { world, in_flight: Mutex::default() });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(server::accept(listener, Arc::clone(&shared), tasks.clone(), stop.clone()));
        Ok(Self { shared, address, tasks, stop })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its own URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces `https://accounts.spotify.com`.
    pub fn accounts_url(&self) -> String {
        self.url()
    }

    /// Replaces `https://api.spotify.com`; resources are below `/v1`.
    pub fn api_url(&self) -> String {
        self.url()
    }

    /// Changes switches; returns the result of `change`.
    pub fn switches<R>(&self, change: impl FnOnce(&mut Switches) -> R) -> R {
        let mut world = self.shared.world.lock();
        let result = change(&mut world.switches);
        world.switches.latency_ms = world.switches.latency_ms.min(LATENCY_MS_MAX);
        result
    }

    /// All accounts.
    pub fn people(&self) -> Vec<Person> {
        self.shared.world.lock().people.all().to_vec()
    }

    /// Adds an account, or replaces the one with the same id.
    pub fn add_person(&self, person: Person) {
        self.shared.world.lock().people.put(person);
    }

    /// Revokes all grants of `person`, as on their account page. Their access tokens become invalid at once.
    pub fn revoke(&self, person: &str) {
        self.of_person(person, |world| world.grants.revoke(person));
    }

    /// Makes all grants of `person` older. Access tokens are unaffected.
    pub fn age_grants(&self, person: &str, by: Duration) {
        self.of_person(person, |world| world.grants.age(person, by));
    }

    /// Advances the clock, which codes, tokens, players and grants use.
    pub fn advance(&self, by: Duration) {
        self.shared.world.lock().clock.advance(by);
    }

    /// The Connect devices of `person`.
    pub fn devices(&self, person: &str) -> Vec<Device> {
        self.of_person(person, |world| world.player(person).map(|player| player.devices().to_vec()).unwrap_or_default())
    }

    /// The active device of `person`.
    pub fn active_device(&self, person: &str) -> Option<Device> {
        self.of_person(person, |world| world.player(person).and_then(|player| player.active().cloned()))
    }

    /// Adds or replaces a device, which is not active yet.
    pub fn add_device(&self, person: &str, device: Device) {
        self.of_person(person, |world| {
            if let Some(player) = world.player(person) {
                player.put_device(device);
            }
        });
    }

    /// Removes a device. Its playback is paused.
    pub fn remove_device(&self, person: &str, device: &str) {
        let removed = self.of_person(person, |world| {
            let now_ms = world.clock.now_ms();
            world.player(person).is_some_and(|player| player.remove_device(device, now_ms))
        });
        assert!(removed, "{person} has no device {device}");
    }

    /// Activates a device, as the user does by hand.
    pub fn activate_device(&self, person: &str, device: &str) {
        let activated = self.of_person(person, |world| {
            let now_ms = world.clock.now_ms();
            world.player(person).is_some_and(|player| player.activate(device, now_ms).is_ok())
        });
        assert!(activated, "{person} has no device {device} that can be activated");
    }

    /// What the account of `person` plays now.
    pub fn playback(&self, person: &str) -> Option<Playback> {
        self.of_person(person, |world| {
            let now_ms = world.clock.now_ms();
            let player = world.player(person)?;
            let (position_ms, is_playing) = (player.position_ms(now_ms), player.is_playing());
            player.track().map(|track| Playback { track: track.id, position_ms, is_playing })
        })
    }

    /// All requests so far except those to `/stand-in/`, in the order of their responses.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.world.lock().recorder.requests()
    }

    /// Every code, access token, refresh token and code verifier issued or received. None of them may appear in a log.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.world.lock().recorder.secrets()
    }

    /// Stops and waits for requests in flight.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn of_person<R>(&self, person: &str, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.shared.world.lock();
        assert!(world.people.get(person).is_some(), "there is no person {person}");
        act(&mut world)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What an account plays at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playback {
    /// The track's id, after relinking.
    pub track: &'static str,
    /// The position in the track.
    pub position_ms: u64,
    /// Playing or paused.
    pub is_playing: bool,
}
