//! The complete state of one stand-in, behind one lock, which is never held across an await.

use std::collections::HashMap;

use crate::app::App;
use crate::clock::Clock;
use crate::grants::Grants;
use crate::ids::PersonId;
use crate::people::People;
use crate::player::Player;
use crate::recorder::Recorder;
use crate::switches::Switches;

pub(crate) struct World {
    /// Its own URL, without a trailing slash.
    pub(crate) url: String,
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) switches: Switches,
    pub(crate) people: People,
    pub(crate) grants: Grants,
    pub(crate) players: HashMap<PersonId, Player>,
    pub(crate) recorder: Recorder,
}

impl World {
    pub(crate) fn new(url: String, app: App) -> Self {
        Self {
            url,
            app,
            clock: Clock::system(),
            switches: Switches::default(),
            people: People::with_defaults(),
            grants: Grants::default(),
            players: HashMap::new(),
            recorder: Recorder::default(),
        }
    }

    /// The player of `person`, advanced to the current time.
    pub(crate) fn player(&mut self, person: &str) -> Option<&mut Player> {
        let id = self.people.get(person)?.id.clone();
        let player = self.players.entry(id).or_default();
        player.autoplays = self.switches.autoplay;
        player.settle(self.clock.now_ms());
        Some(player)
    }
}
