//! The gain of a track, a number of decibels on the wire.

use serde::{Deserialize, Serialize};

/// A gain in steps of 0.01 dB, within ±327 dB. Applied to a track's samples, it brings the track to −14 LUFS, as far as its
/// true peak stays below −1 dBTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(type = "number"))]
#[serde(from = "f64", into = "f64")]
pub struct Gain(#[cfg_attr(feature = "generate", schemars(with = "f64"))] i16);

impl Gain {
    /// The nearest gain; 0 dB for NaN.
    pub fn of_db(db: f32) -> Self {
        f64::from(db).into()
    }
}

impl From<f64> for Gain {
    fn from(db: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        Self((db * 100.0).round() as i16)
    }
}

impl From<Gain> for f64 {
    fn from(gain: Gain) -> Self {
        Self::from(gain.0) / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_a_number_of_decibels_in_steps_of_a_hundredth() {
        for (db, text) in [(-6.5, "-6.5"), (3.0, "3.0"), (0.004, "0.0"), (-12.347, "-12.35"), (f32::NAN, "0.0")] {
            let gain = Gain::of_db(db);
            assert_eq!(serde_json::to_string(&gain).expect("JSON"), text);
            assert_eq!(serde_json::from_str::<Gain>(text).expect("reads"), gain);
        }
        assert_eq!(serde_json::from_str::<Gain>("3").expect("an integer is a number"), Gain::of_db(3.0));
        assert_eq!(serde_json::to_string(&Gain::of_db(1e9)).expect("JSON"), "327.67", "out of range");
    }
}
