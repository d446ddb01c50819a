//! A stand-in for Spotify: its accounts service and its Web API as they behave in 2026, known faults included.
//!
//! For tests, and for trying Tutti without internet. Responses follow Spotify's OpenAPI description; each fault of the
//! real service is a field of [`Switches`]. There is no music; its Playback SDK plays a tone.
//!
//! ```no_run
//! # async fn test() -> std::io::Result<()> {
//! use tutti_spotify_stand_in::{Consent, Person, StandIn};
//!
//! let spotify = StandIn::start_on_free_port().await?;
//! spotify.add_person(Person::new("dora").free());
//! spotify.switches(|switches| switches.consent = Consent::agree("dora"));
//! // Configure the program under test with spotify.accounts_url() and spotify.api_url().
//! # Ok(())
//! # }
//! ```
//!
//! | module | contents |
//! |---|---|
//! | `accounts`, `consent`, `token`, `grants` | the accounts service: authorization, consent, codes, tokens and grants |
//! | `web_api`, `api_error`, `me`, `tracks`, `commands` | the Web API, one file a resource |
//! | `sdk` | the replacement of the Web Playback SDK and its endpoints |
//! | `catalogue`, `player`, `people`, `picture` | tracks, players, accounts, pictures |
//! | `switches`, `control`, `recorder` | what a test can change, in process and over HTTP, and what it can inspect |
//! | `stand_in`, `server`, `world` | the handle, the accept loop, and all state behind one lock |

mod accounts;
mod api_error;
mod app;
pub mod catalogue;
mod clock;
mod commands;
mod consent;
mod control;
mod grants;
mod http_message;
mod ids;
mod me;
mod merge;
mod people;
mod picture;
mod player;
mod recorder;
mod sdk;
mod server;
mod stand_in;
mod switches;
mod token;
mod tracks;
mod web_api;
mod world;

pub use app::App;
pub use grants::{CODE_LIFETIME, GRANT_LIFETIME};
pub use ids::{DeviceId, InvalidId, PersonId};
pub use people::{Person, Product};
pub use player::Device;
pub use recorder::RecordedRequest;
pub use stand_in::{Playback, StandIn};
pub use switches::{CommandStatus, Consent, LimitKind, RefreshToken, Switches};
