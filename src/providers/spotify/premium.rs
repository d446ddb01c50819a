//! What is known of a subscription, and how that changes. Pure.
//!
//! Spotify answers falsely, and in bursts, that somebody has no Premium. So a refusal is a doubt: it takes
//! [`DOUBTS_TO_DENY`] of them in a row, each a while after the one before, until somebody is said to have none. One answer
//! in favour settles it the other way at once. Only where nothing is known yet does the profile's word count at once: the
//! false answers come from elsewhere.

use std::time::Duration;

use tutti_protocol::http::{PremiumEvidence, PremiumVerdict};

use crate::store::StoredPremium;

/// Answers against it, in a row, that it takes.
pub const DOUBTS_TO_DENY: u32 = 3;
/// Doubts closer together than this are one burst and count once.
pub const DOUBT_SPACING: Duration = Duration::from_secs(2);
/// A doubt older than this says nothing any more.
pub const DOUBT_LIFETIME: Duration = Duration::from_mins(10);

/// Nothing is known.
pub const UNKNOWN: StoredPremium =
    StoredPremium { verdict: PremiumVerdict::Unknown, evidence: None, at_ms: None, doubts: 0, doubted_at_ms: None };

/// What is known after something was seen that speaks for Premium, or against it.
pub fn weigh(known: StoredPremium, evidence: PremiumEvidence, speaks_for: bool, now_ms: i64) -> StoredPremium {
    let settled = |verdict| StoredPremium {
        verdict,
        evidence: Some(evidence),
        at_ms: Some(now_ms),
        doubts: 0,
        doubted_at_ms: None,
    };
    if speaks_for {
        return settled(PremiumVerdict::Premium);
    }
    let profile_says_first =
        known.verdict == PremiumVerdict::Unknown && evidence == PremiumEvidence::Profile && known.doubts == 0;
    if known.verdict == PremiumVerdict::NotPremium || profile_says_first {
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

    /// The verdict after each of `seen`: seconds, evidence, whether it speaks for Premium.
    fn verdicts(seen: &[(i64, PremiumEvidence, bool)]) -> Vec<PremiumVerdict> {
        let mut known = UNKNOWN;
        let weighed = seen.iter().map(|&(at_s, evidence, speaks_for)| {
            known = weigh(known, evidence, speaks_for, at_s * 1000);
            known.verdict
        });
        weighed.collect()
    }

    #[test]
    fn the_profile_is_believed_where_nothing_is_known() {
        assert_eq!(verdicts(&[(0, Profile, true)]), [Premium]);
        assert_eq!(verdicts(&[(0, Profile, false)]), [NotPremium]);
    }

    #[test]
    fn one_false_answer_changes_nothing() {
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
    fn three_answers_apart_are_believed() {
        let apart = [(0, Player, true), (5, Command, false), (8, Command, false), (11, Player, false)];
        assert_eq!(verdicts(&apart), [Premium, Premium, Premium, NotPremium]);
    }

    #[test]
    fn an_answer_in_favour_takes_the_doubts_away() {
        let mixed =
            [(0, Player, true), (5, Command, false), (8, Command, false), (9, Command, true), (12, Command, false)];
        assert_eq!(verdicts(&mixed).last(), Some(&Premium));
        assert_eq!(verdicts(&[(0, Profile, false), (1, Player, true)]).last(), Some(&Premium), "they subscribed");
    }

    #[test]
    fn old_doubts_are_forgotten() {
        let evening = [(0, Player, true), (600, Command, false), (1_800, Command, false), (3_000, Command, false)];
        assert_eq!(verdicts(&evening).last(), Some(&Premium));
    }

    #[test]
    fn the_evidence_and_its_time_are_those_of_the_verdict() {
        let known = weigh(weigh(UNKNOWN, Player, true, 1_000), Command, false, 5_000);
        assert_eq!((known.evidence, known.at_ms, known.doubts), (Some(Player), Some(1_000), 1));
    }
}
