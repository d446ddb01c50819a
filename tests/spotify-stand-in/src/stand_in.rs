//! A running stand-in, as a test in the same process holds it.

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
use crate::seen::SeenRequest;
use crate::server::{self, Shared};
use crate::switches::{LATENCY_MS_MAX, Switches};
use crate::world::World;

/// A stand-in on a loopback address. There may be several in one process; none knows of the others.
///
/// Dropped, it takes no further connections and lets requests finish; [`StandIn::stop`] also waits for them.
/// Methods that name a person or a device who is not there panic: that is a mistake in the test.
pub struct StandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl StandIn {
    /// Starts on a port that is free, for the app that [`App::default`] is.
    pub async fn start_on_free_port() -> io::Result<Self> {
        Self::start((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts on this address, for the app that [`App::default`] is.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        Self::start_for(App::default(), address).await
    }

    /// Starts on this address for an app of one's own. Anything but loopback is refused: this is no place for real
    /// people, and it believes everybody who says to be one.
    pub async fn start_for(app: App, address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let sentence = format!("{address} is not a loopback address, and a stand-in is for this machine only");
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its own URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stands for `https://accounts.spotify.com`.
    pub fn accounts_url(&self) -> String {
        self.url()
    }

    /// What stands for `https://api.spotify.com`; resources are below `/v1`.
    pub fn api_url(&self) -> String {
        self.url()
    }

    /// Changes how it behaves, and returns what `change` does.
    pub fn switches<R>(&self, change: impl FnOnce(&mut Switches) -> R) -> R {
        let mut world = self.shared.world.lock();
        let result = change(&mut world.switches);
        world.switches.latency_ms = world.switches.latency_ms.min(LATENCY_MS_MAX);
        result
    }

    /// Who has an account.
    pub fn people(&self) -> Vec<Person> {
        self.shared.world.lock().people.all().to_vec()
    }

    /// Adds somebody, or replaces who has the same id, which changes an account.
    pub fn add_person(&self, person: Person) {
        self.shared.world.lock().people.put(person);
    }

    /// Takes back everything that `person` agreed to, as on their account page. Access tokens die at once.
    pub fn revoke(&self, person: &str) {
        self.of_person(person, |world| world.grants.revoke(person));
    }

    /// Lets everything that `person` agreed to be older than it is. Access tokens stay as they are.
    pub fn age_grants(&self, person: &str, by: Duration) {
        self.of_person(person, |world| world.grants.age(person, by));
    }

    /// Moves the clock ahead: codes and tokens expire, players play on, grants age.
    pub fn advance(&self, by: Duration) {
        self.shared.world.lock().clock.advance(by);
    }

    /// Somebody's Connect devices.
    pub fn devices(&self, person: &str) -> Vec<Device> {
        self.of_person(person, |world| world.player(person).map(|player| player.devices().to_vec()).unwrap_or_default())
    }

    /// Which of them is the active one.
    pub fn active_device(&self, person: &str) -> Option<Device> {
        self.of_person(person, |world| world.player(person).and_then(|player| player.active().cloned()))
    }

    /// Somebody switches a device on, or changes it; it is not active yet.
    pub fn add_device(&self, person: &str, device: Device) {
        self.of_person(person, |world| {
            if let Some(player) = world.player(person) {
                player.put_device(device);
            }
        });
    }

    /// Somebody switches a device off. What it played is paused.
    pub fn remove_device(&self, person: &str, device: &str) {
        let removed = self.of_person(person, |world| {
            let now_ms = world.clock.now_ms();
            world.player(person).is_some_and(|player| player.remove_device(device, now_ms))
        });
        assert!(removed, "{person} has no device {device}");
    }

    /// Somebody takes a device into use by hand.
    pub fn activate_device(&self, person: &str, device: &str) {
        let activated = self.of_person(person, |world| {
            let now_ms = world.clock.now_ms();
            world.player(person).is_some_and(|player| player.activate(device, now_ms).is_ok())
        });
        assert!(activated, "{person} has no device {device} that can be activated");
    }

    /// What somebody's account plays now: the track's id, how far it is, and whether it plays or stands.
    pub fn playback(&self, person: &str) -> Option<Playback> {
        self.of_person(person, |world| {
            let now_ms = world.clock.now_ms();
            let player = world.player(person)?;
            let (position_ms, is_playing) = (player.position_ms(now_ms), player.is_playing());
            player.track().map(|track| Playback { track: track.id, position_ms, is_playing })
        })
    }

    /// Every request so far but those for `/stand-in/`, in the order in which they were answered.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.world.lock().seen.requests()
    }

    /// Every code, access token, refresh token and code verifier that it has issued or seen. None of them may be in a log.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.world.lock().seen.secrets()
    }

    /// Stops, and waits for the requests that are under way.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn of_person<R>(&self, person: &str, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.shared.world.lock();
        assert!(world.people.get(person).is_some(), "nobody here is {person}");
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
    /// How far it is.
    pub position_ms: u64,
    /// Whether it goes on.
    pub is_playing: bool,
}
