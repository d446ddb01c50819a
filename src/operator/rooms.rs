//! Listing, closing and handing over rooms.

use tutti_fold::fold;
use tutti_protocol::http::Act;
use tutti_protocol::{Reason, RoomCode, RoomId, UserId};

use super::{LISTED_MAX, ListPage, OperatorResult, Operators, PAGES_MAX, ROWS_PER_PAGE, refused};
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
    /// Its connections on this server.
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
    /// Open rooms whose name or code contains `query`, without regard to case and diacritics, newest first.
    pub async fn find_rooms(&self, query: &str, before: Option<RoomId>) -> StoreResult<ListPage<ListedRoom, RoomId>> {
        let wanted = fold(query.trim());
        let is_wanted = |room: &StoredRoom| {
            fold(&room.name).contains(&wanted) || room.code.as_str().eq_ignore_ascii_case(query.trim())
        };
        let (mut entries, mut next) = (Vec::new(), before);
        'pages: for _ in 0..PAGES_MAX {
            let page = self.store().open_rooms_before(next, ROWS_PER_PAGE).await?;
            let is_last = page.len() < ROWS_PER_PAGE as usize;
            for room in page {
                next = Some(room.id);
                if is_wanted(&room) {
                    entries.push(self.listed(room).await?);
                    if entries.len() == LISTED_MAX {
                        break 'pages;
                    }
                }
            }
            if is_last {
                next = None;
                break;
            }
        }
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
        let mut named = Vec::with_capacity(members.len());
        for member in members.iter().filter(|member| **member != host) {
            named.push((*member, self.name_of(*member).await?));
        }
        named.sort_by_key(|(_, name)| fold(name));
        Ok(RoomMembers { host: (host, self.name_of(host).await?), members: named })
    }

    /// Closes a room.
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
        let host_name = self.name_of(room.host).await?;
        let connections = match self.0.rooms.loaded(room.code) {
            Some(loaded) => loaded.connections().await,
            None => 0,
        };
        Ok(ListedRoom { room, host_name, used, connections })
    }

    async fn name_of(&self, user: UserId) -> StoreResult<String> {
        Ok(self.0.identity.user(user).await?.map(|user| user.display_name).unwrap_or_default())
    }
}
