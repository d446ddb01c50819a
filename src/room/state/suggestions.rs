//! Suggestions: tracks that wait for approval.

use tutti_protocol::{Action, Entry, EntryId, Event, UserId};

use crate::decide::Decision;
use crate::{Refusal, RoomState, SUGGESTIONS_HARD_MAX, SUGGESTIONS_MAX, share_of};

impl RoomState {
    pub(crate) fn suggest(&self, entry: Entry) -> Decision {
        let own = self.suggestions.iter().filter(|suggested| suggested.member == entry.member).count();
        let others = self.suggestions.len() - own;
        if own >= share_of(SUGGESTIONS_MAX, others) || own + others >= SUGGESTIONS_HARD_MAX {
            return Err(Refusal::TooManySuggestions);
        }
        Ok(vec![Event::EntrySuggested { entry }])
    }

    pub(crate) fn approve(&self, by: UserId, entry: EntryId) -> Decision {
        self.require(by, Action::Approve)?;
        let suggested = self.suggested(entry)?;
        // It may have been blocked since.
        self.check_blocked(&suggested.track)?;
        self.check_room_for_one(suggested.member)?;
        Ok(vec![Event::SuggestionApproved { entry, by }])
    }

    pub(crate) fn reject(&self, by: UserId, entry: EntryId) -> Decision {
        let owner = self.suggested(entry).map(|entry| entry.member);
        if owner != Ok(by) {
            self.require(by, Action::Approve)?;
        }
        owner.map(|_| vec![Event::SuggestionRejected { entry, by }])
    }

    fn suggested(&self, entry: EntryId) -> Result<&Entry, Refusal> {
        self.suggestions.iter().find(|suggested| suggested.id == entry).ok_or(Refusal::NoSuchSuggestion)
    }
}
