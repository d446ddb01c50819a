//! What operators of the server do: people, rooms, switches, invitations, and the log of all of it.
//!
//! | module | what |
//! |---|---|
//! | [`roles`] | who is an operator; also for the command line, beside a running server |
//! | `claim` | the link by which the first operator claims the role |
//! | `door` | the switches: who may enter, and who may open rooms |
//! | `people` | finding, banning and erasing users; links to choose a password |
//! | `rooms` | listing, closing and handing over rooms |
//! | `log` | the log of acts |
//!
//! Guarantees: an operator's act is in the log before it is done, so none goes unrecorded; one that then fails is recorded too.
//! A registration with an invitation, and a password chosen by a link, are recorded afterwards. The log holds ids and no names.
//! Operators are changed from the command line only, so a stolen session of an operator takes neither the role nor the account.
//! A switch takes effect with the request after the one that set it.
//!
//! Not in here: HTTP ([`crate::http`]), and how users and rooms do what they are told ([`crate::identity`],
//! [`crate::room`]).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use parking_lot::{Mutex, RwLock};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tutti_protocol::http::Switches;
use tutti_protocol::{Reason, UserId};

use crate::clock::Clock;
use crate::erasure::EraseError;
use crate::identity::{Identity, IdentityError};
use crate::keys::generate_secret;
use crate::room::{OpenError, Registry, RoomError};
use crate::store::{SharedStore, StoreError, StoreResult, TokenHash, UserCounts};
use claim::Claim;

mod claim;
mod door;
mod log;
mod people;
pub mod roles;
mod rooms;

pub use claim::CLAIM_LIFETIME;
pub use door::INVITATION_LIFETIME;
pub use log::{LoggedAct, acts};
pub use rooms::{ListedRoom, RoomMembers};

/// Entries of a list that are shown at a time.
const LISTED_MAX: usize = 50;
/// Rows that are read at a time to find them.
const ROWS_PER_PAGE: u32 = 200;
/// Such pages that one request reads; the next continues behind them.
const PAGES_MAX: usize = 50;

/// Why an operator's request, or one at the door, was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It is not allowed or not possible; the text is shown to programs.
    #[error("{1}")]
    Refused(Reason, &'static str),
    /// A user could not be erased completely; a retry continues.
    #[error(transparent)]
    Erase(#[from] EraseError),
    /// A session could not be ended.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The room did not do it.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The room could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of an operator's request.
pub type OperatorResult<T> = Result<T, OperatorError>;

/// One page of a list, newest first, and where the next one begins; `None` on the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T, C> {
    /// The entries.
    pub entries: Vec<T>,
    /// The last one that was looked at.
    pub next: Option<C>,
}

/// How much there is on the server.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// The kind of database.
    pub database: &'static str,
    /// Its size, if it says.
    pub database_bytes: Option<u64>,
    /// Users.
    pub users: UserCounts,
    /// Open rooms.
    pub rooms: u64,
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Operators(Arc<Inner>);

struct Inner {
    store: SharedStore,
    identity: Identity,
    rooms: Registry,
    clock: Clock,
    /// As last read, for those who only look.
    switches: RwLock<Switches>,
    /// While there is no operator.
    claim: Mutex<Option<Claim>>,
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operators").field("switches", &self.known_switches()).finish_non_exhaustive()
    }
}

impl Operators {
    /// Reads the switches.
    pub async fn open(store: SharedStore, identity: Identity, rooms: Registry, clock: Clock) -> StoreResult<Self> {
        let switches = RwLock::new(store.switches().await?);
        Ok(Self(Arc::new(Inner { store, identity, rooms, clock, switches, claim: Mutex::default() })))
    }

    /// Whether a user is an operator now. Read from the store each time, so that a role that was taken away is gone at once.
    pub async fn is_operator(&self, user: UserId) -> StoreResult<bool> {
        Ok(self.0.identity.user(user).await?.is_some_and(|user| user.operator))
    }

    /// How much there is on the server.
    pub async fn counts(&self) -> StoreResult<Counts> {
        let (database, database_bytes) = self.store().database_size().await?;
        let users = self.store().user_counts().await?;
        Ok(Counts { database, database_bytes, users, rooms: self.store().open_rooms().await? })
    }

    fn store(&self) -> &SharedStore {
        &self.0.store
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }
}

/// One page of the entries that are wanted, out of the pages that `read` reads.
async fn find<T, C: Copy, Read: Future<Output = StoreResult<Vec<T>>>>(
    before: Option<C>,
    read: impl Fn(Option<C>) -> Read,
    id: impl Fn(&T) -> C,
    is_wanted: impl Fn(&T) -> bool,
) -> StoreResult<ListPage<T, C>> {
    let (mut entries, mut next) = (Vec::new(), before);
    for _ in 0..PAGES_MAX {
        let page = read(next).await?;
        let is_last = page.len() < ROWS_PER_PAGE as usize;
        for entry in page {
            next = Some(id(&entry));
            if is_wanted(&entry) {
                entries.push(entry);
                if entries.len() == LISTED_MAX {
                    return Ok(ListPage { entries, next });
                }
            }
        }
        if is_last {
            return Ok(ListPage { entries, next: None });
        }
    }
    Ok(ListPage { entries, next })
}

fn refused<T>(reason: Reason, detail: &'static str) -> OperatorResult<T> {
    Err(OperatorError::Refused(reason, detail))
}

/// 256 random bits for a link, as text.
fn random_token() -> SecretString {
    BASE64_URL_SAFE_NO_PAD.encode(generate_secret().expose_secret()).into()
}

/// The form in which a token is kept. Unsalted: 256 random bits cannot be guessed.
fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}
