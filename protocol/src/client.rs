//! What a client sends over the WebSocket.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::action::Action;
use crate::id::{CommandId, DeviceId, EntryId, ProviderId, ScreenId, UserId};
use crate::room::{OutputMode, PlaybackState, Position, Role};
use crate::secret::Secret;
use crate::settings::{BlockedTrack, Policy, SettingsChange};

/// A frame from a client, tagged by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Must be the first frame.
    Hello(Hello),
    /// Asks the room to do something; answered by one `reply` with the same id.
    Command {
        /// Chosen by the client. Sent again, it has no second effect and gets the first reply.
        id: CommandId,
        /// What to do.
        command: Command,
    },
    /// Clock probe, answered at once.
    Sync {
        /// The client's clock, returned unchanged.
        t0: f64,
    },
    /// The state of this device; ephemeral.
    Status(DeviceStatus),
    /// A new access token, before the old one expires.
    Refresh {
        /// The new access token.
        token: Secret,
    },
}

/// Authenticates the connection and names its room and device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Hello {
    /// Access JWT, or the token of a screen.
    pub token: Secret,
    /// The room's code, as typed.
    pub room: String,
    /// The room's passcode, if it has one. Existing members need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode: Option<Secret>,
    /// The client's device.
    pub device: Device,
    /// The last position that this device has applied, to resume from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Position>,
}

/// One browser or app installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Device {
    /// Chosen and kept by the client.
    pub id: DeviceId,
    /// Shown to the member and the host, such as "Firefox on Linux".
    pub name: String,
    /// Its purpose.
    pub kind: DeviceKind,
    /// Which providers it can play.
    #[serde(default)]
    pub providers: Vec<ProviderId>,
}

/// The purpose of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// Plays music.
    Player,
    /// Remote control.
    Remote,
    /// Display.
    Screen,
}

/// The state of a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct DeviceStatus {
    /// Its playback; `None` when it does not play.
    pub playback: Option<DevicePlayback>,
    /// True when the page is hidden and plays nothing: the device does not make its member present.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub idle: bool,
}

/// A device's own playback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct DevicePlayback {
    /// The entry it plays.
    pub entry: Option<EntryId>,
    /// Position in the track.
    pub position_ms: f64,
    /// When `position_ms` was measured, on the server's clock.
    pub at_ms: f64,
    /// Estimated offset from the room's timeline; positive is late.
    pub error_ms: f64,
    /// Standard deviation of `error_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation_ms: Option<f64>,
    /// How `error_ms` was measured; absent while it has not been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Whether it plays.
    pub state: PlaybackState,
    /// Entries that it has decoded and can start at once, at most 4. For the server only: `presence` omits it.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub ready: Vec<EntryId>,
}

/// How a device measured its offset from the room's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// From its clocks alone, which miss asymmetric network paths and the delay of wireless loudspeakers.
    Estimated,
    /// The output was calibrated by ear or by microphone.
    Heard,
}

/// A reference to a track.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct TrackRef {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's id.
    pub id: String,
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident $text:literal $({ $($(#[$field_doc:meta])* $(@$default:ident)? $field:ident: $type:ty,)* })?;)*) => {
        /// A member's command, tagged by `name`.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        #[serde(tag = "name", rename_all = "snake_case")]
        pub enum Command {
            $($(#[$doc])* $name $({ $(
                $(#[$field_doc])*
                $(#[serde($default, skip_serializing_if = "Option::is_none")])?
                $field: $type,
            )* })?,)*
        }

        impl Command {
            /// The names of all commands on the wire.
            pub const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The name on the wire.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name $({ $($field: _,)* })? => $text,)* }
            }
        }
    };
}

commands! {
    /// Queues a track in the sender's own queue.
    Enqueue "enqueue" {
        /// The track.
        track: TrackRef,
        /// The sender's entry to insert it before; absent: at the end.
        @default before: Option<EntryId>,
    };
    /// Queues several tracks at the end of the sender's own queue, such as an album, as one command. Tracks that limits refuse
    /// or that cannot be played are left out; refused when none can be queued.
    EnqueueAll "enqueue_all" {
        /// The tracks, in order, at most 100.
        tracks: Vec<TrackRef>,
    };
    /// Removes an entry from a queue.
    Dequeue "dequeue" {
        /// The entry.
        entry: EntryId,
    };
    /// Moves an entry within its owner's queue; under the policy `host`, within the room's order.
    Move "move" {
        /// The entry.
        entry: EntryId,
        /// The entry to move it before, of the same owner (policy `host`: of any); absent: to the end.
        @default before: Option<EntryId>,
    };
    /// Puts an entry of any member ahead of all others but a locked one. Needs `curate_queue`. Its owner is charged as for
    /// any entry.
    PlayNext "play_next" {
        /// The entry.
        entry: EntryId,
    };
    /// Clears the queue of one member, or all queues.
    Clear "clear" {
        /// The owner; absent: all members.
        @default member: Option<UserId>,
    };
    /// Pauses the sender's queue: it leaves the order of play.
    PauseQueue "pause_queue";
    /// Resumes a queue.
    ResumeQueue "resume_queue" {
        /// Another member, which needs `curate_queue`; absent: the sender.
        @default member: Option<UserId>,
    };
    /// Moves the sender to the end of the waitlist, in a room with `players_max`.
    StepDown "step_down";
    /// Votes for or against another member's entry. Each member has one vote per entry; the last one counts.
    Vote "vote" {
        /// The entry.
        entry: EntryId,
        /// 1 for the entry, -1 against it, 0 to retract.
        value: i8,
    };
    /// Approves a suggestion: it joins its owner's queue.
    Approve "approve" {
        /// The entry.
        entry: EntryId,
    };
    /// Rejects a suggestion, or withdraws one's own.
    Reject "reject" {
        /// The entry.
        entry: EntryId,
    };
    /// Resumes playback.
    Play "play";
    /// Pauses playback.
    Pause "pause";
    /// Seeks within the current entry.
    Seek "seek" {
        /// The new position.
        position_ms: u64,
    };
    /// Replaces the choice of devices that play.
    SetOutput "set_output" {
        /// Whether `devices` are excluded or the only ones to play.
        mode: OutputMode,
        /// The devices, at most 64.
        devices: BTreeSet<DeviceId>,
    };
    /// Sets how loud a device plays beside its own volume, for the host of a room with several speakers. Needs
    /// `set_output`.
    SetVolume "set_volume" {
        /// The device.
        device: DeviceId,
        /// 0 to 100 per cent.
        percent: u32,
    };
    /// Ends the current entry and starts the next.
    Skip "skip" {
        /// The entry to skip; refused when another one is on. Absent: the current entry.
        @default entry: Option<EntryId>,
        /// True when it could not be played: its owner is not charged. The server verifies the report of a device that
        /// plays, and skips the entry if it cannot be played. Otherwise it needs `skip`.
        @default unplayable: Option<bool>,
    };
    /// Votes to skip the current entry.
    VoteSkip "vote_skip" {
        /// The entry to skip. Absent: the current entry.
        @default entry: Option<EntryId>,
    };
    /// Changes a member's role.
    SetRole "set_role" {
        /// The member.
        member: UserId,
        /// The new role.
        role: Role,
    };
    /// Kicks a member.
    Kick "kick" {
        /// The member.
        member: UserId,
    };
    /// Bans an identity until it is unbanned.
    Ban "ban" {
        /// The member.
        member: UserId,
    };
    /// Lifts a ban. The member's entries return with them, paused.
    Unban "unban" {
        /// The member.
        member: UserId,
    };
    /// Mutes or unmutes a member.
    Mute "mute" {
        /// The member.
        member: UserId,
        /// Whether they are muted.
        muted: bool,
    };
    /// Admits a person from the lobby, also one who was denied.
    Admit "admit" {
        /// The member.
        member: UserId,
    };
    /// Denies a person in the lobby.
    Deny "deny" {
        /// The member.
        member: UserId,
    };
    /// Locks the room: new people cannot enter.
    Lock "lock";
    /// Restores the admission from before `lock`.
    Unlock "unlock";
    /// Changes the policy.
    SetPolicy "set_policy" {
        /// The policy.
        policy: Policy,
    };
    /// Changes any settings.
    SetSettings "set_settings" {
        /// The settings to change.
        settings: Box<SettingsChange>,
    };
    /// Adds a track or an artist to those that are blocked. `set_settings` replaces a whole list, and so undoes what another
    /// member changed meanwhile. Needs `set_settings`.
    Block "block" {
        /// The track.
        @default track: Option<BlockedTrack>,
        /// The artist.
        @default artist: Option<String>,
    };
    /// Unblocks a track or an artist, in any spelling that is taken for the same. Needs `set_settings`.
    Unblock "unblock" {
        /// The track.
        @default track: Option<TrackRef>,
        /// The artist.
        @default artist: Option<String>,
    };
    /// Renames the room.
    RenameRoom "rename_room" {
        /// 1 to 60 characters.
        room_name: String,
    };
    /// Removes a screen: it shows the room no longer.
    RemoveScreen "remove_screen" {
        /// The screen.
        screen: ScreenId,
    };
    /// Makes an exception from the table of permissions for one member.
    SetPermission "set_permission" {
        /// The member.
        member: UserId,
        /// The action.
        action: Action,
        /// Whether they may; absent: as the table says.
        @default allowed: Option<bool>,
    };
    /// Returns the order of play under a policy; changes nothing.
    PreviewPolicy "preview_policy" {
        /// The policy.
        policy: Policy,
    };
    /// Returns what was played, latest first.
    ShowHistory "show_history";
    /// Returns the audit log, latest first.
    ShowAudit "show_audit";
    /// Undoes a removal, a clearing, a kick, or a skip of another member's track, which then plays next.
    Undo "undo" {
        /// The number of its note; absent: the sender's latest.
        @default note: Option<u64>,
    };
    /// Claims the room: for a co-host once the host has been gone for `host_claim_after_ms`, for its former host at any
    /// time.
    ClaimHost "claim_host";
    /// Makes another member the host.
    TransferHost "transfer_host" {
        /// The member.
        member: UserId,
    };
    /// Ends the room for everyone.
    CloseRoom "close_room";
    /// Changes the sender's display name.
    Rename "rename" {
        /// The new one.
        display_name: String,
    };
    /// Sends a chat message to everyone who is connected; not stored.
    Say "say" {
        /// At most 500 characters on one line.
        text: String,
    };
    /// Sends a reaction; not stored.
    React "react" {
        /// The emoji.
        emoji: String,
    };
    /// Leaves the room for good and drops the queue; losing the connection does not.
    Leave "leave";
}

/// Why a frame cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or not a frame of the contract. The connection is closed with 4506 (4500 before `welcome`).
    #[error("not a frame: {0}")]
    NotAFrame(serde_json::Error),
    /// A frame type this server does not know. Closed in the same way.
    #[error("unknown frame type")]
    UnknownType,
    /// A proper envelope around a command that is unknown or malformed. Refused with `invalid`; the connection stays.
    #[error("unknown or malformed command: {error}")]
    BadCommand {
        /// The command's id, for the reply.
        id: CommandId,
        /// The error.
        error: serde_json::Error,
    },
}

impl ClientFrame {
    /// Decodes one text frame. Unlike plain deserialization it distinguishes a bad command from a bad frame.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Tag<'a> {
            #[serde(rename = "type", borrow)]
            tag: Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct Envelope<'a> {
            id: CommandId,
            #[serde(borrow)]
            command: &'a RawValue,
        }
        #[derive(Deserialize)]
        struct Sync {
            t0: f64,
        }
        #[derive(Deserialize)]
        struct Refresh {
            token: Secret,
        }

        let Tag { tag } = serde_json::from_str(text).map_err(DecodeError::NotAFrame)?;
        match tag.as_ref() {
            "hello" => serde_json::from_str(text).map(Self::Hello),
            "command" => {
                let Envelope { id, command } = serde_json::from_str(text).map_err(DecodeError::NotAFrame)?;
                return match serde_json::from_str(command.get()) {
                    Ok(command) => Ok(Self::Command { id, command }),
                    Err(error) => Err(DecodeError::BadCommand { id, error }),
                };
            }
            "sync" => serde_json::from_str(text).map(|Sync { t0 }| Self::Sync { t0 }),
            "status" => serde_json::from_str(text).map(Self::Status),
            "refresh" => serde_json::from_str(text).map(|Refresh { token }| Self::Refresh { token }),
            _ => return Err(DecodeError::UnknownType),
        }
        .map_err(DecodeError::NotAFrame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192d3a4-0000-7000-8000-000000000001";

    #[test]
    fn a_command_round_trips() {
        let frame = ClientFrame::Command {
            id: ID.parse().expect("uuid"),
            command: Command::Enqueue {
                track: TrackRef { provider: ProviderId::LIBRARY, id: "t1".into() },
                before: None,
            },
        };
        let text = serde_json::to_string(&frame).expect("serializable");
        assert_eq!(
            text,
            format!(
                r#"{{"type":"command","id":"{ID}","command":{{"name":"enqueue","track":{{"provider":"library","id":"t1"}}}}}}"#
            )
        );
        assert_eq!(ClientFrame::decode(&text).expect("decodes"), frame);
    }

    #[test]
    fn a_probe_round_trips_every_bit_of_its_time() {
        // A client compares: a probe whose time is off by one bit is not one that it sent.
        let mut bits: u64 = 0x2545_F491_4F6C_DD1D;
        for _ in 0..20_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            // As a page's clock shows it: milliseconds of up to some weeks, with a fraction.
            let sent = f64::from_bits(0x4000_0000_0000_0000 + (bits >> 7) % (30 << 52));
            let ClientFrame::Sync { t0 } =
                ClientFrame::decode(&format!(r#"{{"type":"sync","t0":{sent}}}"#)).expect("a probe")
            else {
                panic!("no probe")
            };
            let answer = serde_json::to_string(&crate::ServerFrame::Sync { t0, t1: 0.0, t2: 0.0 }).expect("JSON");
            let back = answer.split_once(r#""t0":"#).and_then(|(_, rest)| rest.split_once(',')).expect("an answer").0;
            assert_eq!(back.parse::<f64>().expect("a number").to_bits(), sent.to_bits(), "{sent}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let text = r#"{"type":"sync","t0":12.5,"colour":"blue"}"#;
        assert_eq!(ClientFrame::decode(text).expect("decodes"), ClientFrame::Sync { t0: 12.5 });
    }

    #[test]
    fn an_unknown_command_keeps_its_id_for_the_reply() {
        for command in [r#"{"name":"levitate"}"#, r#"{"name":"seek"}"#, r#"{"name":"seek","position_ms":-1}"#, "7"] {
            let text = format!(r#"{{"type":"command","id":"{ID}","command":{command}}}"#);
            let Err(DecodeError::BadCommand { id, .. }) = ClientFrame::decode(&text) else { panic!("{command}") };
            assert_eq!(id.to_string(), ID);
        }
    }

    #[test]
    fn malformed_and_unknown_frames_are_distinguished() {
        for text in [
            "",
            "{",
            "[]",
            "null",
            r#"{"type":7}"#,
            r#"{"type":"sync"}"#,
            r#"{"type":"hello"}"#,
            r#"{"type":"command","id":"7"}"#,
        ] {
            assert!(matches!(ClientFrame::decode(text), Err(DecodeError::NotAFrame(_))), "{text}");
        }
        assert!(matches!(ClientFrame::decode(r#"{"type":"dance"}"#), Err(DecodeError::UnknownType)));
    }

    #[test]
    fn every_command_has_the_name_it_is_sent_with() {
        for name in Command::NAMES {
            let raw = format!(
                r#"{{"name":"{name}","track":{{"provider":"library","id":"x","label":"x"}},"tracks":[],"entry":"{ID}","member":"{ID}","screen":"{ID}","role":"player","position_ms":1,"display_name":"x","room_name":"x","value":1,"muted":true,"policy":"fifo","settings":{{}},"action":"kick","text":"x","emoji":"x","mode":"speakers","devices":[],"device":"{ID}","percent":1}}"#
            );
            let command: Command = serde_json::from_str(&raw).expect(name);
            assert_eq!(command.name(), *name);
        }
    }

    #[test]
    fn a_track_of_a_provider_that_is_not_known_here_reads_and_writes_like_any_other() {
        let json = r#"{"provider":"jellyfin","id":"t1"}"#;
        let track: TrackRef = serde_json::from_str(json).expect("readable");
        assert_eq!(track.provider.as_str(), "jellyfin");
        assert_eq!(serde_json::to_string(&track).expect("serializable"), json);
    }
}
