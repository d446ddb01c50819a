//! Derives a user's Premium status from evidence. Pure.
//!
//! Spotify sometimes denies Premium wrongly, and in bursts. A denial is therefore only a doubt: [`DOUBTS_TO_DENY`]
//! consecutive ones, at least [`DOUBT_SPACING`] apart, make the verdict `NotPremium`. A single confirmation makes it
//! `Premium` at once. A denial by the profile counts at once while the status is unknown, because the wrong ones come
//! from elsewhere.

use std::time::Duration;

use tutti_protocol::http::{PremiumEvidence, PremiumVerdict};

use crate::store::StoredPremium;

/// Consecutive doubts that make the verdict `NotPremium`.
pub const DOUBTS_TO_DENY: u32 = 3;
/// Doubts closer together than this are one burst and count once.
pub const DOUBT_SPACING: Duration = Duration::from_secs(2);
/// A doubt older than this is ignored.
pub const DOUBT_LIFETIME: Duration = Duration::from_mins(10);

/// The status before any evidence.
pub const UNKNOWN: StoredPremium =
    StoredPremium { verdict: PremiumVerdict::Unknown, evidence: None, at_ms: None, doubts: 0, doubted_at_ms: None };

/// The status after new evidence for (`has_premium`) or against Premium.
pub fn apply_evidence(
    known: StoredPremium,
    evidence: PremiumEvidence,
    has_premium: bool,
    now_ms: i64,
) -> StoredPremium {
    let settled = |verdict| StoredPremium {
        verdict,
        evidence: Some(evidence),
        at_ms: Some(now_ms),
        doubts: 0,
        doubted_at_ms: None,
    };
    if has_premium {
        return settled(PremiumVerdict::Premium);
    }
    let is_first_profile =
        known.verdict == PremiumVerdict::Unknown && evidence == PremiumEvidence::Profile && known.doubts == 0;
    if known.verdict == PremiumVerdict::NotPremium || is_first_profile {
        return settled(PremiumVerdict::NotPremium);
    }
    let age =
        known.doubted_at_ms.map(|at_ms| Duration::from_millis(now_ms.saturating_sub(at_ms).max(0).unsigned_abs()));
    let doubts = match age {
        Some(age) if age < DOUBT_SPACING => return known,
        Some(age) if age <= DOUBT_LIFETIME => known.doubts + 1,
        _ => 1,
    };
    if doubts >= DOUBTS_TO_DENY {
        return settled(PremiumVerdict::NotPremium);
    }
    StoredPremium { doubts, doubted_at_ms: Some(now_ms), ..known }
}

#[cfg(test)]
mod tests {
    use PremiumEvidence::{Command, Player, Profile};
    use PremiumVerdict::{NotPremium, Premium, Unknown};

    use super::*;

    /// The verdict after each item of `seen`: seconds, evidence, whether it confirms Premium.
    fn verdicts(seen: &[(i64, PremiumEvidence, bool)]) -> Vec<PremiumVerdict> {
        let mut known = UNKNOWN;
        let verdicts = seen.iter().map(|&(at_s, evidence, has_premium)| {
            known = apply_evidence(known, evidence, has_premium, at_s * 1000);
            known.verdict
        });
        verdicts.collect()
    }

    #[test]
    fn the_profile_settles_an_unknown_status() {
        assert_eq!(verdicts(&[(0, Profile, true)]), [Premium]);
        assert_eq!(verdicts(&[(0, Profile, false)]), [NotPremium]);
    }

    #[test]
    fn one_denial_changes_nothing() {
        assert_eq!(verdicts(&[(0, Player, true), (5, Command, false)]), [Premium, Premium]);
        assert_eq!(verdicts(&[(0, Profile, true), (5, Profile, false)]), [Premium, Premium]);
        assert_eq!(verdicts(&[(0, Player, false)]), [Unknown]);
    }

    #[test]
    fn a_burst_counts_once() {
        let burst = [(0, Player, true), (5, Command, false), (5, Command, false), (6, Command, false)];
        assert_eq!(verdicts(&burst).last(), Some(&Premium));
    }

    #[test]
    fn three_spaced_denials_are_believed() {
        let apart = [(0, Player, true), (5, Command, false), (8, Command, false), (11, Player, false)];
        assert_eq!(verdicts(&apart), [Premium, Premium, Premium, NotPremium]);
    }

    #[test]
    fn a_confirmation_clears_the_doubts() {
        let mixed =
            [(0, Player, true), (5, Command, false), (8, Command, false), (9, Command, true), (12, Command, false)];
        assert_eq!(verdicts(&mixed).last(), Some(&Premium));
        assert_eq!(verdicts(&[(0, Profile, false), (1, Player, true)]).last(), Some(&Premium), "they subscribed");
    }

    #[test]
    fn old_doubts_expire() {
        let evening = [(0, Player, true), (600, Command, false), (1_800, Command, false), (3_000, Command, false)];
        assert_eq!(verdicts(&evening).last(), Some(&Premium));
    }

    #[test]
    fn a_doubt_keeps_the_evidence_of_the_verdict() {
        let known = apply_evidence(apply_evidence(UNKNOWN, Player, true, 1_000), Command, false, 5_000);
        assert_eq!((known.evidence, known.at_ms, known.doubts), (Some(Player), Some(1_000), 1));
    }
}
