//! Screens that show the room. They are no members: nothing else in the room depends on them.

use tutti_protocol::{Action, Event, PairedScreen, ScreenId, UserId};

use crate::decide::Decision;
use crate::{Ctx, Refusal, RoomState, SCREENS_MAX};

impl RoomState {
    /// Whether a screen is paired with the room.
    pub fn has_screen(&self, id: ScreenId) -> bool {
        self.screens.iter().any(|screen| screen.id == id)
    }

    /// A member approved a screen. Approving it again changes nothing.
    pub(crate) fn add_screen(&self, ctx: &Ctx<'_>, by: UserId, id: ScreenId, name: &str) -> Decision {
        self.require(by, Action::ManageScreens)?;
        if self.has_screen(id) {
            return Ok(vec![]);
        }
        if self.screens.len() >= SCREENS_MAX {
            return Err(Refusal::TooManyScreens);
        }
        let is_free = |number: &u32| self.screens.iter().all(|screen| screen.number != *number);
        let number = (1..=u32::MAX).find(is_free).unwrap_or(u32::MAX);
        let mut note = self.new_note(ctx, by, "add_screen", 1);
        note.title = Some(name.to_owned());
        let screen = PairedScreen { id, number, name: name.to_owned(), added_at_ms: ctx.now_ms };
        Ok(vec![Event::ScreenAdded { screen, by }, Event::Noted { note }])
    }

    pub(crate) fn remove_screen(&self, by: UserId, screen: ScreenId) -> Decision {
        self.require(by, Action::ManageScreens)?;
        if !self.has_screen(screen) {
            return Err(Refusal::NoSuchScreen);
        }
        Ok(vec![Event::ScreenRemoved { screen, by }])
    }

    /// The name of a screen.
    pub(crate) fn screen_name(&self, id: ScreenId) -> Option<String> {
        self.screens.iter().find(|screen| screen.id == id).map(|screen| screen.name.clone())
    }
}
