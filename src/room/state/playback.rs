//! Playback: commands and automatic transitions.

use tutti_protocol::{Action, EndReason, EntryCommand, EntryId, Event, Playback, PlaybackState, UserId};

use crate::decide::Decision;
use crate::timeline::{ADVANCE_MS_MIN, Due, end_at_ms, idle, position_ms};
use crate::{Ctx, Current, Refusal, RoomState, START_LEAD_MS};

impl RoomState {
    /// The next event that the room produces by itself; `None` when it is at rest.
    pub fn settle(&self, ctx: &Ctx<'_>) -> Option<Event> {
        if self.closed || self.current.is_some() {
            return None;
        }
        let Some(next) = self.head().cloned().or_else(|| self.next_fallback(ctx)) else {
            return (self.playback.state != PlaybackState::Idle)
                .then_some(Event::PlaybackChanged { playback: idle(ctx.now_ms), by: None });
        };
        let is_held = self.playback.state == PlaybackState::Paused && !self.playback.waiting_for_listener;
        let waiting_for_listener = !is_held && self.must_wait(ctx);
        let (state, anchor_at_ms) = if is_held || waiting_for_listener {
            (PlaybackState::Paused, ctx.now_ms)
        } else {
            let soon_ms = || ctx.now_ms + ctx.audience.lead_ms(&next);
            (PlaybackState::Playing, self.next_start_at_ms.unwrap_or_else(soon_ms))
        };
        let playback =
            Playback { state, entry: Some(next.id), anchor_position_ms: 0, anchor_at_ms, waiting_for_listener };
        Some(Event::EntryStarted { entry: next, playback })
    }

    pub(crate) fn tick(&self, ctx: &Ctx<'_>) -> Vec<Event> {
        match (self.due(ctx.now_ms), &self.current) {
            (Some(Due::End), Some(current)) => vec![Event::EntryEnded {
                entry: current.entry.id,
                reason: EndReason::Finished,
                played_ms: current.entry.track.duration_ms,
                by: None,
                note: None,
            }],
            (Some(Due::LockNext), _) => {
                self.head().map(|head| Event::NextLocked { entry: head.id }).into_iter().collect()
            }
            _ => vec![],
        }
    }

    /// The current entry; refuses when `meant` is another one.
    pub(crate) fn on_as_meant(&self, meant: Option<EntryId>) -> Result<&Current, Refusal> {
        let current = self.on()?;
        if meant.is_some_and(|meant| meant != current.entry.id) { Err(Refusal::EntryOver) } else { Ok(current) }
    }

    /// Skipping one's own entry, or one of the fallback playlist, which has no owner, needs what queueing needs.
    pub(crate) fn skip(&self, ctx: &Ctx<'_>, by: UserId, meant: Option<EntryId>, unplayable: bool) -> Decision {
        let current = self.check_skip(by, meant, unplayable)?;
        let reason = if unplayable { EndReason::Unplayable } else { EndReason::Skipped };
        let mut ended = self.ended(ctx, current, reason, Some(by));
        if let Event::EntryEnded { note, .. } = &mut ended
            && can_undo_skip(current, by, unplayable)
        {
            *note = Some(self.next_note());
        }
        Ok(vec![ended])
    }

    fn check_skip(&self, by: UserId, meant: Option<EntryId>, unplayable: bool) -> Result<&Current, Refusal> {
        let current = self.on_as_meant(meant)?;
        let is_free = current.entry.member == by || current.entry.fallback;
        self.require(by, if is_free && !unplayable { Action::Queue } else { Action::Skip })?;
        Ok(current)
    }

    /// The commands about the current entry that [`Self::decide`] accepts from a member.
    pub fn may(&self, user: UserId) -> Vec<EntryCommand> {
        let accepts = |command: &EntryCommand| match command {
            EntryCommand::Play | EntryCommand::Pause | EntryCommand::Seek => self.check_control(user).is_ok(),
            EntryCommand::Skip => self.check_skip(user, None, false).is_ok(),
            EntryCommand::VoteSkip => self.check_vote_skip(user, None).is_ok(),
        };
        if self.closed { vec![] } else { EntryCommand::ALL.iter().copied().filter(accepts).collect() }
    }

    fn check_control(&self, by: UserId) -> Result<&Current, Refusal> {
        self.require(by, Action::ControlPlayback)?;
        self.on()
    }

    pub(crate) fn ended(&self, ctx: &Ctx<'_>, current: &Current, reason: EndReason, by: Option<UserId>) -> Event {
        let played_ms = position_ms(&self.playback, &current.entry, ctx.now_ms);
        Event::EntryEnded { entry: current.entry.id, reason, played_ms, by, note: None }
    }

    fn on(&self) -> Result<&Current, Refusal> {
        self.current.as_ref().ok_or(Refusal::NothingOn)
    }

    pub(crate) fn play(&self, ctx: &Ctx<'_>, by: UserId) -> Decision {
        let current = self.check_control(by)?;
        if self.playback.state == PlaybackState::Playing || self.playback.waiting_for_listener {
            return Ok(vec![]);
        }
        if self.must_wait(ctx) {
            let playback = Playback { waiting_for_listener: true, anchor_at_ms: ctx.now_ms, ..self.playback };
            return Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }]);
        }
        // An entry that was playing is loaded.
        let lead_ms = if current.awaits_devices { ctx.audience.lead_ms(&current.entry) } else { START_LEAD_MS };
        let playback = Playback { state: PlaybackState::Playing, anchor_at_ms: ctx.now_ms + lead_ms, ..self.playback };
        Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }])
    }

    /// Moves a scheduled start closer when enough devices are ready. Without it, the entry starts at the scheduled time.
    pub(crate) fn advance_scheduled_start(&self, ctx: &Ctx<'_>) -> Option<Event> {
        let anchor_at_ms = ctx.now_ms + START_LEAD_MS;
        let is_ready = self.current.as_ref().is_some_and(|current| ctx.audience.is_ready(&current.entry));
        let gained_ms = self.playback.anchor_at_ms - anchor_at_ms;
        let playback = Playback { anchor_at_ms, ..self.playback };
        (self.awaits_devices(ctx.now_ms) && is_ready && gained_ms >= ADVANCE_MS_MIN)
            .then_some(Event::PlaybackChanged { playback, by: None })
    }

    pub(crate) fn pause(&self, ctx: &Ctx<'_>, by: UserId) -> Decision {
        let current = self.check_control(by)?;
        if self.playback.state == PlaybackState::Paused && !self.playback.waiting_for_listener {
            return Ok(vec![]);
        }
        let playback = Playback {
            state: PlaybackState::Paused,
            anchor_position_ms: position_ms(&self.playback, &current.entry, ctx.now_ms),
            anchor_at_ms: ctx.now_ms,
            waiting_for_listener: false,
            ..self.playback
        };
        Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }])
    }

    pub(crate) fn seek(&self, ctx: &Ctx<'_>, by: UserId, anchor_position_ms: u64) -> Decision {
        let current = self.check_control(by)?;
        if anchor_position_ms >= current.entry.track.duration_ms {
            return Err(Refusal::BeyondTheEnd);
        }
        let lead_ms = if end_at_ms(&self.playback, &current.entry).is_some() { START_LEAD_MS } else { 0 };
        let mut anchor_at_ms = ctx.now_ms + lead_ms;
        if self.awaits_devices(ctx.now_ms) {
            // A seek does not start the entry earlier.
            anchor_at_ms = anchor_at_ms.max(self.playback.anchor_at_ms);
        }
        let playback = Playback { anchor_position_ms, anchor_at_ms, ..self.playback };
        Ok(vec![Event::PlaybackChanged { playback, by: Some(by) }])
    }
}

/// Whether a skip is an act on another member that can be undone. An owner adds the track again.
pub(crate) fn can_undo_skip(current: &Current, by: UserId, unplayable: bool) -> bool {
    !unplayable && !current.entry.fallback && current.entry.member != by
}
