//! The log of acts. It holds ids; names are looked up when it is read, so that those of erased users are nowhere.

use std::collections::HashMap;

use tutti_protocol::http::Act;
use tutti_protocol::{RoomCode, UserId};
use uuid::Uuid;

use super::{LISTED_MAX, ListPage, Operators};
use crate::ids::uuid_v7_in_order;
use crate::limits::USERS_PER_LOOKUP_MAX;
use crate::store::{Store, StoreResult, StoredAct};

/// An act with names. They are empty for erased users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAct {
    /// As stored.
    pub act: StoredAct,
    /// The actor's name.
    pub actor_name: String,
    /// The subject's name.
    pub subject_name: String,
}

/// Adds an act to the log.
pub(super) async fn record(
    store: &dyn Store,
    now_ms: i64,
    actor: Option<UserId>,
    act: Act,
    subject: Option<UserId>,
    room: Option<RoomCode>,
    value: Option<&str>,
) -> StoreResult<()> {
    tracing::info!(
        act = act.as_str(),
        by = actor.map(tracing::field::display),
        user = subject.map(tracing::field::display),
        room = room.map(tracing::field::display),
        value,
        "operator's act"
    );
    let value = value.map(str::to_owned);
    store
        .insert_act(&StoredAct {
            id: uuid_v7_in_order(now_ms),
            at_ms: now_ms,
            act: Some(act),
            actor,
            subject,
            room,
            value,
        })
        .await
}

/// Acts before the one named by `before`, with the names of users, newest first.
pub async fn acts(store: &dyn Store, before: Option<Uuid>, acts_max: usize) -> StoreResult<Vec<LoggedAct>> {
    let acts = store.acts_before(before, u32::try_from(acts_max).unwrap_or(u32::MAX)).await?;
    let mut ids: Vec<_> = acts.iter().flat_map(|act| [act.actor, act.subject]).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut names = HashMap::new();
    for some in ids.chunks(USERS_PER_LOOKUP_MAX) {
        names.extend(store.users(some).await?.into_iter().map(|user| (user.id, user.display_name)));
    }
    let name = |user: Option<UserId>| user.and_then(|user| names.get(&user).cloned()).unwrap_or_default();
    let logged = |act: StoredAct| LoggedAct { actor_name: name(act.actor), subject_name: name(act.subject), act };
    Ok(acts.into_iter().map(logged).collect())
}

impl Operators {
    /// The log, newest first.
    pub async fn log(&self, before: Option<Uuid>) -> StoreResult<ListPage<LoggedAct, Uuid>> {
        let entries = acts(&**self.store(), before, LISTED_MAX).await?;
        let next = entries.last().filter(|_| entries.len() == LISTED_MAX).map(|entry| entry.act.id);
        Ok(ListPage { entries, next })
    }

    /// Records that an operator scans the library.
    pub async fn record_rescan(&self, by: UserId) -> StoreResult<()> {
        self.record(by, Act::LibraryRescanned, None, None, None).await
    }

    /// Records what a user has done to their own account by a link of an operator. It stays done if the store fails; the
    /// server's log has it then.
    pub(super) async fn record_own(&self, user: UserId, act: Act) {
        if let Err(error) = self.record(user, act, Some(user), None, None).await {
            tracing::error!(%error, act = act.as_str(), %user, "an act is not in the operators' log");
        }
    }

    pub(super) async fn record(
        &self,
        by: UserId,
        act: Act,
        subject: Option<UserId>,
        room: Option<RoomCode>,
        value: Option<&str>,
    ) -> StoreResult<()> {
        record(&**self.store(), self.now_ms(), Some(by), act, subject, room, value).await
    }
}
