//! Bodies about pairing a screen with a room.

use serde::{Deserialize, Serialize};

use crate::id::{RoomCode, ScreenId};
use crate::secret::Secret;

body!(
    /// `POST screens`: a screen that wants to show a room.
    NewScreenRequest {
        /// What members see of it, such as "Chromium on Linux".
        name: String,
    }
);
body!(
    /// The answer: a screen that waits for a room, and the code that it shows.
    NewScreen {
        /// Its id.
        id: ScreenId,
        /// Proves that it is this screen, to `screens/status` and in `hello`. It reads one room and sends no commands.
        token: Secret,
        /// Eight characters in two groups, such as `K7Q2-M9XA`.
        code: Secret,
        /// Seconds until the code expires.
        expires_in: u64,
    }
);
body!(
    /// `POST screens/status`, with the screen's token; `POST rooms/{code}/screens`, with a member's.
    ScreenCode {
        /// The code that the screen shows.
        code: Secret,
    }
);
body!(
    /// The status of a screen's code.
    ScreenStatus {
        /// Whether a member has approved it.
        state: ScreenCodeState,
        /// The room that the screen shows from now on, when it was approved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomCode>,
    }
);

/// The status of a screen's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ScreenCodeState {
    /// It can be approved.
    Waiting,
    /// A member approved it: the screen is paired.
    Approved,
    /// It was not approved in time.
    Expired,
}
