//! Validation of settings; the room's name and passcode.

use tutti_protocol::{Action, Event, Policy, Settings, SettingsChange, Track, TrackRef, UserId};

use crate::decide::Decision;
use crate::{Ctx, ENTRIES_PER_MEMBER_MAX, FALLBACK_MAX, MEMBERS_MAX, PRELOAD_WINDOW_MS, Refusal, RoomState, blocklist};

/// Maximum of durations in settings.
const TIME_MS_MAX: u64 = 7 * 24 * 60 * 60_000;
/// Maximum of `minimum_charge_ms`.
const MINIMUM_CHARGE_MS_MAX: u64 = 10 * 60_000;
/// Range of weights, in per cent.
const WEIGHTS: std::ops::RangeInclusive<u32> = 10..=1_000;
const MINUTES_MAX: u32 = 10_000;
const STEP_DOWN_AFTER_MAX: u32 = 1_000;

impl RoomState {
    pub(crate) fn set_policy(&self, by: UserId, policy: Policy) -> Decision {
        self.set_settings(by, &SettingsChange { policy: Some(policy), ..SettingsChange::default() }, &[])
    }

    /// Changes any subset of the settings, all or none. `tracks` are the known tracks of the fallback playlist.
    pub(crate) fn set_settings(&self, by: UserId, change: &SettingsChange, tracks: &[Track]) -> Decision {
        self.require(by, Action::SetSettings)?;
        if change.permissions.is_some() || change.host_claim_after_ms.is_some() {
            self.require(by, Action::SetPermissions)?;
        }
        self.check_change(change)?;
        if let Some(named) = &change.fallback {
            check_fallback(named, tracks)?;
        }
        let settings = self.settings.difference(change.clone());
        if settings.is_empty() {
            return Ok(vec![]);
        }
        let fallback = settings.fallback.is_some().then(|| tracks.to_vec());
        Ok(vec![Event::SettingsChanged { settings: Box::new(settings), fallback, by }])
    }

    pub(crate) fn rename_room(&self, by: UserId, room_name: &str) -> Decision {
        self.require(by, Action::SetSettings)?;
        let unchanged = self.name == room_name;
        Ok(if unchanged { vec![] } else { vec![Event::RoomRenamed { room_name: room_name.to_owned(), by }] })
    }

    pub(crate) fn set_passcode(&self, ctx: &Ctx<'_>, by: UserId, has_passcode: bool) -> Decision {
        self.require(by, Action::SetSettings)?;
        let deed = if has_passcode { "set_passcode" } else { "remove_passcode" };
        let note = self.new_note(ctx, by, deed, 1);
        Ok(vec![Event::PasscodeChanged { has_passcode, by }, Event::Noted { note }])
    }

    fn check_change(&self, change: &SettingsChange) -> Result<(), Refusal> {
        let mut after = self.settings.clone();
        after.take(change);
        if let Some(setting) = first_wrong(&after) {
            return Err(Refusal::BadSetting { setting });
        }
        let weighted = change.weights.iter().flatten().map(|(member, _)| member);
        if !weighted.clone().all(|member| self.visible(*member).is_some()) {
            return Err(Refusal::NoSuchMember);
        }
        if change.permissions.iter().flatten().any(|(action, _)| action.is_fixed()) {
            return Err(Refusal::FixedAction);
        }
        Ok(())
    }
}

/// The first setting with an invalid value.
fn first_wrong(settings: &Settings) -> Option<&'static str> {
    let is_debt_bound = settings.debt_max_ms == 0 || settings.debt_max_ms >= settings.minimum_charge_ms;
    let entries_max = usize::try_from(settings.entries_per_member_max).unwrap_or(usize::MAX);
    let players_max = usize::try_from(settings.players_max).unwrap_or(usize::MAX);
    let rules = [
        ("weights", settings.weights.values().all(|weight| WEIGHTS.contains(weight))),
        ("minimum_charge_ms", settings.minimum_charge_ms <= MINIMUM_CHARGE_MS_MAX),
        ("debt_max_ms", is_debt_bound && settings.debt_max_ms <= TIME_MS_MAX),
        ("entries_per_member_max", entries_max <= ENTRIES_PER_MEMBER_MAX),
        ("minutes_per_member_max", settings.minutes_per_member_max <= MINUTES_MAX),
        ("track_cooldown_ms", settings.track_cooldown_ms <= TIME_MS_MAX),
        ("artist_cooldown_ms", settings.artist_cooldown_ms <= TIME_MS_MAX),
        ("track_ms_max", settings.track_ms_max <= TIME_MS_MAX),
        ("players_max", players_max <= MEMBERS_MAX),
        ("step_down_after", settings.step_down_after <= STEP_DOWN_AFTER_MAX),
        ("vote_skip_share", settings.vote_skip_share <= 100),
        ("vote_skip_min", usize::try_from(settings.vote_skip_min).unwrap_or(usize::MAX) <= MEMBERS_MAX),
        ("host_claim_after_ms", settings.host_claim_after_ms <= TIME_MS_MAX),
        ("fallback", settings.fallback.len() <= FALLBACK_MAX),
        ("blocked_tracks", blocklist::are_valid_tracks(settings)),
        ("blocked_artists", blocklist::are_valid_artists(settings)),
    ];
    rules.into_iter().find(|(_, holds)| !holds).map(|(setting, _)| setting)
}

/// Every track must be known, and long enough that the playlist does not loop too fast.
fn check_fallback(named: &[TrackRef], tracks: &[Track]) -> Result<(), Refusal> {
    let is_known = |(named, track): (&TrackRef, &Track)| named.provider == track.provider && named.id == track.id;
    if named.len() != tracks.len() || !named.iter().zip(tracks).all(is_known) {
        return Err(Refusal::NoSuchTrack);
    }
    let long_enough = |track: &Track| track.duration_ms >= PRELOAD_WINDOW_MS.unsigned_abs();
    if tracks.iter().all(long_enough) { Ok(()) } else { Err(Refusal::BadSetting { setting: "fallback" }) }
}
