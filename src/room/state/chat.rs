//! Chat and reactions. The room only checks the permission; they are broadcast and not stored.

use tutti_protocol::{Action, UserId};

use crate::decide::Decision;
use crate::{Refusal, RoomState};

/// Characters of a chat message.
pub const SAID_CHARS_MAX: usize = 500;
/// Characters of a reaction: an emoji may be made of several.
const EMOJI_CHARS_MAX: usize = 12;

impl RoomState {
    pub(crate) fn say(&self, by: UserId, text: &str) -> Decision {
        self.speak(by, text, SAID_CHARS_MAX)
    }

    pub(crate) fn react(&self, by: UserId, emoji: &str) -> Decision {
        self.speak(by, emoji, EMOJI_CHARS_MAX)
    }

    fn speak(&self, by: UserId, text: &str, chars_max: usize) -> Decision {
        self.require(by, Action::Chat)?;
        if self.visible(by).is_some_and(|member| member.muted) {
            return Err(Refusal::Muted);
        }
        let is_text = !text.trim().is_empty() && text.chars().count() <= chars_max && !text.contains(char::is_control);
        if is_text { Ok(vec![]) } else { Err(Refusal::BadText { chars_max }) }
    }
}
