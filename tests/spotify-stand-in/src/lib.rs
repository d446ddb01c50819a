//! A stand-in for Spotify: its accounts service and its Web API as they behave in 2026, bad habits included.
//!
//! For tests, and for trying things without internet. What it answers has the shapes of Spotify's OpenAPI description;
//! what is unpleasant about the real one is a field of [`Switches`]. Music is not in it; its Playback SDK makes a tone.
//!
//! ```no_run
//! # async fn test() -> std::io::Result<()> {
//! use tutti_spotify_stand_in::{Consent, Person, StandIn};
//!
//! let spotify = StandIn::start_on_free_port().await?;
//! spotify.add_person(Person::new("dora").free());
//! spotify.switches(|switches| switches.consent = Consent::agree("dora"));
//! // The program under test is told spotify.accounts_url() and spotify.api_url().
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `accounts`, `consent`, `token`, `grants` | the accounts service: asking, agreeing, codes and tokens, and what they are worth |
//! | `web_api`, `api_error`, `me`, `tracks`, `commands` | the Web API, one file a resource |
//! | `sdk` | the script that stands for the Web Playback SDK, and what it asks |
//! | `catalogue`, `player`, `people`, `picture` | what there is: music, players, accounts, pictures |
//! | `switches`, `control`, `seen` | what a test turns, from inside and from outside, and what it can look at |
//! | `stand_in`, `server`, `world` | the handle, the accept loop, and all state behind one lock |

mod accounts;
mod api_error;
mod app;
pub mod catalogue;
mod clock;
mod commands;
mod consent;
mod control;
mod exchange;
mod grants;
mod ids;
mod me;
mod merge;
mod people;
mod picture;
mod player;
mod sdk;
mod seen;
mod server;
mod stand_in;
mod switches;
mod token;
mod tracks;
mod web_api;
mod world;

pub use app::App;
pub use grants::{CODE_LIFETIME, GRANT_LIFETIME};
pub use ids::{DeviceId, NoId, PersonId};
pub use people::{Person, Product};
pub use player::Device;
pub use seen::SeenRequest;
pub use stand_in::{Playback, StandIn};
pub use switches::{CommandStatus, Consent, LimitKind, RefreshToken, Switches};
