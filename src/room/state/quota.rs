//! Limits on queueing: the host's limits, duplicates and cooldowns.

use tutti_fold::fold;
use tutti_protocol::{Duplicates, EntryId, Explicit, Track, UserId};

use crate::{CREDITS_MAX, Ctx, Refusal, RoomState};

/// How a track relates to the queued ones.
pub(crate) enum Duplicate {
    /// Not a duplicate, or duplicates are allowed.
    None,
    /// The entry to credit.
    Credit(EntryId),
}

impl RoomState {
    /// Refuses a track that exceeds the host's limits.
    pub(crate) fn check_quota(&self, ctx: &Ctx<'_>, by: UserId, track: &Track) -> Result<(), Refusal> {
        let settings = &self.settings;
        self.check_blocked(track)?;
        if track.explicit && settings.explicit == Explicit::Refuse {
            return Err(Refusal::ExplicitTrack);
        }
        if settings.track_ms_max > 0 && track.duration_ms > settings.track_ms_max {
            return Err(Refusal::TrackTooLong { max_ms: settings.track_ms_max });
        }
        self.check_amount(by, track)?;
        self.check_cooldown(ctx.now_ms, settings.track_cooldown_ms, |other| same_track(other, track))
            .map_err(|left_ms| Refusal::TrackCooldown { left_ms })?;
        // Compared as block lists compare them.
        let artists: Vec<String> =
            track.artists.iter().map(|artist| fold(artist)).filter(|name| !name.is_empty()).collect();
        let is_theirs = |other: &Track| other.artists.iter().any(|artist| artists.contains(&fold(artist)));
        self.check_cooldown(ctx.now_ms, settings.artist_cooldown_ms, is_theirs)
            .map_err(|left_ms| Refusal::ArtistCooldown { left_ms })
    }

    fn check_amount(&self, by: UserId, track: &Track) -> Result<(), Refusal> {
        let (entries_max, minutes_max) = (self.settings.entries_per_member_max, self.settings.minutes_per_member_max);
        if entries_max == 0 && minutes_max == 0 {
            return Ok(());
        }
        let suggested = self.suggestions.iter().filter(|entry| entry.member == by);
        let (entries, waiting_ms) = self.members[&by]
            .queue
            .iter()
            .chain(suggested)
            .fold((0, 0), |(count, ms), entry| (count + 1, entry.track.duration_ms.saturating_add(ms)));
        if entries_max > 0 && entries >= entries_max {
            return Err(Refusal::TooManyEntries { max: entries_max });
        }
        let waiting_ms: u64 = track.duration_ms.saturating_add(waiting_ms);
        if minutes_max > 0 && waiting_ms > u64::from(minutes_max) * 60_000 {
            return Err(Refusal::TooManyMinutes { max: minutes_max });
        }
        Ok(())
    }

    /// The remaining cooldown after the last start of a matching track, as an error.
    fn check_cooldown(&self, now_ms: i64, cooldown_ms: u64, is_like: impl Fn(&Track) -> bool) -> Result<(), u64> {
        if cooldown_ms == 0 {
            return Ok(());
        }
        let cooldown_ms = i64::try_from(cooldown_ms).unwrap_or(i64::MAX);
        let on = self.current.iter().map(|current| (current.started_at_ms, &current.entry.track));
        let over = self.past.latest().map(|played| (played.started_at_ms, &played.track));
        let left_ms = |started_at_ms: i64| {
            let ready_at_ms = started_at_ms.saturating_add(cooldown_ms);
            u64::try_from(ready_at_ms.saturating_sub(now_ms)).ok().filter(|left_ms| *left_ms > 0)
        };
        // The latest comes first: what started too long ago is not compared.
        let mut recent = on.chain(over).map_while(|(started_at_ms, track)| Some((left_ms(started_at_ms)?, track)));
        recent.find(|(_, track)| is_like(track)).map_or(Ok(()), |(left_ms, _)| Err(left_ms))
    }

    /// Whether the track is current or queued; only queues that may play count.
    pub(crate) fn duplicate_of(&self, by: UserId, track: &Track) -> Result<Duplicate, Refusal> {
        let how = self.settings.duplicates;
        if how == Duplicates::Allow {
            return Ok(Duplicate::None);
        }
        if self
            .current
            .as_ref()
            .is_some_and(|current| !current.entry.fallback && same_track(&current.entry.track, track))
        {
            return Err(Refusal::DuplicateTrack);
        }
        let mut playing = self.members.values().filter(|member| !member.queue.is_empty() && self.may_play(member));
        let Some(entry) = playing.find_map(|member| member.queue.iter().find(|entry| same_track(&entry.track, track)))
        else {
            return Ok(Duplicate::None);
        };
        let is_theirs = entry.member == by || entry.credits.contains(&by);
        if how == Duplicates::Refuse || is_theirs || entry.credits.len() >= CREDITS_MAX {
            return Err(Refusal::DuplicateTrack);
        }
        Ok(Duplicate::Credit(entry.id))
    }
}

fn same_track(one: &Track, other: &Track) -> bool {
    one.provider == other.provider && one.id == other.id
}
