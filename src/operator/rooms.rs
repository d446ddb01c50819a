//! Listing, closing and handing over rooms.

use futures_util::future::try_join_all;
use tutti_fold::fold;
use tutti_protocol::http::Act;
use tutti_protocol::{Reason, RoomCode, RoomId, UserId};

use super::{ListPage, OperatorResult, Operators, ROWS_PER_PAGE, find, refused};
use crate::room::RoomHandle;
use crate::store::{RoomUse, StoreResult, StoredRoom};

/// A room and how it is used.
#[derive(Clone, Debug)]
pub struct ListedRoom {
    /// The room.
    pub room: StoredRoom,
    /// Its host's name.
    pub host_name: String,
    /// Its members, and when it was last used.
    pub used: RoomUse,
    /// Its connections; none if this server does not serve the room.
    pub connections: usize,
}

/// The people of a room, with their names.
#[derive(Clone, Debug)]
pub struct RoomMembers {
    /// The host.
    pub host: (UserId, String),
    /// The others, by name.
    pub members: Vec<(UserId, String)>,
}

impl Operators {
    /// Open rooms whose name contains `query`, without regard to case and diacritics, or whose code it is, newest first. An
    /// empty query finds all.
    pub async fn find_rooms(&self, query: &str, before: Option<RoomId>) -> StoreResult<ListPage<ListedRoom, RoomId>> {
        let (wanted, code) = (fold(query.trim()), RoomCode::parse(query));
        let is_wanted = |room: &StoredRoom| fold(&room.name).contains(&wanted) || code == Some(room.code);
        let read = |before| self.store().open_rooms_before(before, ROWS_PER_PAGE);
        let ListPage { entries, next } = find(before, read, |room| room.id, is_wanted).await?;
        let entries = try_join_all(entries.into_iter().map(|room| self.listed(room))).await?;
        Ok(ListPage { entries, next })
    }

    /// The people of a room.
    pub async fn room_members(&self, code: RoomCode) -> OperatorResult<RoomMembers> {
        let (stored, room) = self.open_room(code).await?;
        let (host, members) = {
            let view = room.view();
            let view = view.borrow();
            (view.host.unwrap_or(stored.host), view.members.clone())
        };
        let mut named = try_join_all(members.iter().map(|member| self.named(*member))).await?;
        named.retain(|(member, _)| *member != host);
        named.sort_by_key(|(_, name)| fold(name));
        Ok(RoomMembers { host: self.named(host).await?, members: named })
    }

    /// Closes a room, in the name of its host.
    pub async fn close_room(&self, by: UserId, code: RoomCode) -> OperatorResult<()> {
        let (stored, room) = self.open_room(code).await?;
        let host = room.view().borrow().host.unwrap_or(stored.host);
        self.record(by, Act::RoomClosed, None, Some(code), None).await?;
        Ok(room.close(host).await?)
    }

    /// Makes a member the host of a room.
    pub async fn hand_over(&self, by: UserId, code: RoomCode, member: UserId) -> OperatorResult<()> {
        let (_, room) = self.open_room(code).await?;
        if !room.view().borrow().members.contains(&member) {
            return refused(Reason::NoSuchMember, "This person is not a member of the room.");
        }
        self.record(by, Act::RoomHandedOver, Some(member), Some(code), None).await?;
        Ok(room.hand_over(member).await?)
    }

    async fn open_room(&self, code: RoomCode) -> OperatorResult<(StoredRoom, RoomHandle)> {
        let stored = self.0.rooms.find(code).await?;
        let Some(stored) = stored.filter(|room| room.closed_at_ms.is_none()) else {
            return refused(Reason::NoSuchRoom, "There is no open room with this code.");
        };
        let room = self.0.rooms.open(code).await?;
        Ok((stored, room))
    }

    async fn listed(&self, room: StoredRoom) -> StoreResult<ListedRoom> {
        let used = self.store().room_use(room.id).await?;
        let (_, host_name) = self.named(room.host).await?;
        let connections = match self.0.rooms.loaded(room.code) {
            Some(loaded) => loaded.connections().await,
            None => 0,
        };
        Ok(ListedRoom { room, host_name, used, connections })
    }

    /// A user with their name, which is empty for an erased one.
    async fn named(&self, user: UserId) -> StoreResult<(UserId, String)> {
        Ok((user, self.0.identity.user(user).await?.map(|user| user.display_name).unwrap_or_default()))
    }
}
