//! Applies events about membership.

use tutti_protocol::{Member, Role, UserId, UserKind};

use crate::audit_log::Removed;
use crate::{Ledger, MemberState, Membership, RoomState};

impl RoomState {
    /// Adds a member. A former member keeps their ledger, and after a ban their queue.
    pub(crate) fn join(&mut self, member: &Member) {
        self.joins += 1;
        self.lobby.forget(member.id);
        let mut state = MemberState::of(member, self.joins);
        if let Some(known) = self.members.remove(&member.id) {
            (state.ledger, state.queue, state.waitlist_place) = (known.ledger, known.queue, known.waitlist_place);
        }
        self.members.insert(member.id, state);
    }

    /// Removes a member and their queue, except for entries that are credited to others.
    pub(crate) fn part(&mut self, id: UserId) {
        self.let_go_of(id);
        let Some(member) = self.members.get_mut(&id) else { return };
        let queue = std::mem::take(&mut member.queue);
        member.was_listener |= member.is_visible() && member.role == Role::Listener;
        member.membership = Membership::Gone;
        for entry in queue {
            self.lose(entry.id);
        }
        self.forget_who(id);
    }

    /// As leaving, but the member is kept for an undo.
    pub(crate) fn kick_out(&mut self, id: UserId, note: Option<u64>) {
        self.hand_on_all(id);
        let Some(was) = self.members.get(&id).cloned() else { return };
        let votes = was.queue.iter().filter_map(|entry| Some((entry.id, self.votes.get(&entry.id)?.clone()))).collect();
        self.part(id);
        self.keep_for_undo(note, Removed { member: Some((id, was)), votes, ..Removed::default() });
    }

    /// The queue is kept, hidden.
    pub(crate) fn ban_out(&mut self, id: UserId) {
        self.let_go_of(id);
        let joined = self.joins;
        let waiting = self.lobby.waits(id).cloned();
        self.lobby.forget(id);
        let member = self.members.entry(id).or_insert_with(|| match waiting {
            Some(person) => MemberState::of(&person, joined),
            None => blank(joined),
        });
        member.was_listener |= member.is_visible() && member.role == Role::Listener;
        member.role = Role::Listener;
        member.membership = Membership::Banned;
    }

    pub(crate) fn lift_ban(&mut self, id: UserId) {
        self.update(id, |member, _| {
            member.membership = Membership::Gone;
            member.paused = !member.queue.is_empty();
        });
        self.forget_who(id);
    }

    /// What every kind of departure removes.
    fn let_go_of(&mut self, id: UserId) {
        self.hand_on_all(id);
        self.suggestions.retain(|entry| entry.member != id);
        self.owner = self.owner.filter(|owner| *owner != id);
    }

    fn hand_on_all(&mut self, id: UserId) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let (wanted, own) =
            std::mem::take(&mut member.queue).into_iter().partition::<Vec<_>, _>(|entry| !entry.credits.is_empty());
        member.queue = own.into();
        for entry in wanted {
            self.hand_on(entry);
        }
    }

    /// Drops a former member's name and picture, and the whole record when nothing else is kept.
    fn forget_who(&mut self, id: UserId) {
        let is_on = self.current.as_ref().is_some_and(|current| current.is_charged_to(id));
        let Some(member) = self.members.get_mut(&id) else { return };
        member.name.clear();
        member.picture = None;
        member.role = Role::Listener;
        if !is_on && member.is_nobody_special() {
            self.members.remove(&id);
        }
    }
}

impl MemberState {
    /// Whether the record holds nothing that matters.
    fn is_nobody_special(&self) -> bool {
        self.ledger == Ledger::default()
            && self.queue.is_empty()
            && self.exceptions.is_empty()
            && !self.muted
            && !self.was_listener
    }
}

/// A record with nothing but the identity.
fn blank(joined: u64) -> MemberState {
    let member = Member {
        id: UserId::NIL,
        name: String::new(),
        role: Role::Player,
        kind: UserKind::Guest,
        away: false,
        picture: None,
        muted: false,
        paused: false,
        exceptions: std::collections::BTreeMap::new(),
        look_alike: false,
    };
    MemberState { membership: Membership::Gone, ..MemberState::of(&member, joined) }
}
