//! What a client sends over the WebSocket.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::action::Action;
use crate::id::{CommandId, DeviceId, EntryId, ProviderId, UserId};
use crate::room::{OutputMode, PlaybackState, Position, Role};
use crate::secret::Secret;
use crate::settings::{Policy, SettingsChange};

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
        /// The client's clock; returned as it was.
        t0: f64,
    },
    /// What this device is doing; ephemeral.
    Status(DeviceStatus),
    /// A new access token, before the old one runs out.
    Refresh {
        /// The new access token.
        token: Secret,
    },
}

/// Who enters which room, with which device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Hello {
    /// Access JWT.
    pub token: Secret,
    /// The room's code, as typed.
    pub room: String,
    /// The room's passcode, where it has one. Members who are already in need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode: Option<Secret>,
    /// The device at this end.
    pub device: Device,
    /// The position up to which this device already knows the room.
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
    /// What it is for.
    pub kind: DeviceKind,
    /// Which providers it can play.
    #[serde(default)]
    pub providers: Vec<ProviderId>,
}

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// Makes sound.
    Player,
    /// Controls.
    Remote,
    /// Shows.
    Screen,
}

/// What a device is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct DeviceStatus {
    /// Its own playback; `None` when it makes no sound.
    pub playback: Option<DevicePlayback>,
    /// True when nobody looks at it and it makes no sound: it does not count as somebody being present.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub idle: bool,
}

/// A device's own playback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct DevicePlayback {
    /// The entry it plays.
    pub entry: Option<EntryId>,
    /// Where in the track it is.
    pub position_ms: f64,
    /// When that was, on the server's clock.
    pub at_ms: f64,
    /// How far from the room's timeline it believes to be; positive is late.
    pub error_ms: f64,
    /// How unsure `error_ms` is: one standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation_ms: Option<f64>,
    /// How `error_ms` is known; absent while it is not measured yet, and then it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Whether it plays.
    pub state: PlaybackState,
    /// Entries that it has decoded and can start at once, at most 4. Told to the server only: a `presence` has none.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub ready: Vec<EntryId>,
}

/// How a device knows how far from the room's timeline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// From its clocks alone: they see neither an asymmetric path nor a wireless loudspeaker.
    Estimated,
    /// Somebody calibrated this output by ear or by microphone.
    Heard,
}

/// A track by reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct TrackRef {
    /// Whose track.
    pub provider: ProviderId,
    /// The provider's id.
    pub id: String,
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident $text:literal $({ $($(#[$field_doc:meta])* $(@$default:ident)? $field:ident: $type:ty,)* })?;)*) => {
        /// What a member asks of the room, tagged by `name`.
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
            /// The names of all commands, as they stand on the wire.
            pub const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The name, as it stands on the wire.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name $({ $($field: _,)* })? => $text,)* }
            }
        }
    };
}

commands! {
    /// Queues a track in the sender's own queue.
    Enqueue "enqueue" {
        /// Which.
        track: TrackRef,
        /// An entry of the sender's that it goes ahead of; at the end when absent.
        @default before: Option<EntryId>,
    };
    /// Takes an entry out of a queue.
    Dequeue "dequeue" {
        /// Which.
        entry: EntryId,
    };
    /// Gives an entry another place in its owner's queue; under the policy `host` in the room's order.
    Move "move" {
        /// Which.
        entry: EntryId,
        /// The entry that it goes ahead of, of the same owner (policy `host`: of anybody); to the end when absent.
        @default before: Option<EntryId>,
    };
    /// Takes all entries out: the sender's own, somebody else's, or everybody's.
    Clear "clear" {
        /// Whose; everybody's when absent.
        @default member: Option<UserId>,
    };
    /// Takes the sender's queue out of the order for a while.
    PauseQueue "pause_queue";
    /// Takes it in again.
    ResumeQueue "resume_queue" {
        /// Somebody else's, for those who may change other people's queues.
        @default member: Option<UserId>,
    };
    /// Goes to the end of the line, where only so many members play at a time.
    StepDown "step_down";
    /// Votes for or against somebody else's entry. Everybody has one vote each; the last one counts.
    Vote "vote" {
        /// Which.
        entry: EntryId,
        /// 1 for it, -1 against it, 0 takes the vote back.
        value: i8,
    };
    /// Takes a suggestion into its owner's queue.
    Approve "approve" {
        /// Which.
        entry: EntryId,
    };
    /// Turns a suggestion down; one's own is withdrawn.
    Reject "reject" {
        /// Which.
        entry: EntryId,
    };
    /// Goes on after a pause.
    Play "play";
    /// Stops the position where it is.
    Pause "pause";
    /// Moves within the entry that is on.
    Seek "seek" {
        /// Where to.
        position_ms: u64,
    };
    /// Chooses which devices play, all of it anew.
    SetOutput "set_output" {
        /// Whether `devices` are left out or the only ones.
        mode: OutputMode,
        /// Which, at most 64.
        devices: BTreeSet<DeviceId>,
    };
    /// Ends the entry that is on and starts the next.
    Skip "skip" {
        /// The entry that the sender means: another one is not skipped. Whatever is on when absent.
        @default entry: Option<EntryId>,
        /// True when it could not be played: its owner is not charged. For those who may skip other people's tracks.
        @default unplayable: Option<bool>,
    };
    /// Votes to skip the entry that is on; enough votes do.
    VoteSkip "vote_skip" {
        /// The entry that the sender means. Whatever is on when absent.
        @default entry: Option<EntryId>,
    };
    /// Gives a member another role.
    SetRole "set_role" {
        /// Whom.
        member: UserId,
        /// Which.
        role: Role,
    };
    /// Sends a member out.
    Kick "kick" {
        /// Whom.
        member: UserId,
    };
    /// Sends a member out for good: the identity does not come back until it is unbanned.
    Ban "ban" {
        /// Whom.
        member: UserId,
    };
    /// Takes a ban back. Their entries come back with them, paused.
    Unban "unban" {
        /// Whose.
        member: UserId,
    };
    /// Keeps a member from being heard, or lets them be heard again.
    Mute "mute" {
        /// Whom.
        member: UserId,
        /// Whether nobody hears them.
        muted: bool,
    };
    /// Lets somebody in from the lobby; also somebody who was turned away.
    Admit "admit" {
        /// Whom.
        member: UserId,
    };
    /// Turns somebody in the lobby away.
    Deny "deny" {
        /// Whom.
        member: UserId,
    };
    /// Lets nobody new in.
    Lock "lock";
    /// Lets people in as before `lock`.
    Unlock "unlock";
    /// Changes how the order is made.
    SetPolicy "set_policy" {
        /// How.
        policy: Policy,
    };
    /// Changes any settings.
    SetSettings "set_settings" {
        /// Which, to what.
        settings: Box<SettingsChange>,
    };
    /// Lets one member do, or keeps one from doing, what the table of permissions says otherwise.
    SetPermission "set_permission" {
        /// Whom.
        member: UserId,
        /// What.
        action: Action,
        /// Whether they may; as the table says when absent.
        @default allowed: Option<bool>,
    };
    /// Asks for the order that a policy would make; changes nothing.
    PreviewPolicy "preview_policy" {
        /// Which.
        policy: Policy,
    };
    /// Asks what was played, the latest first.
    ShowHistory "show_history";
    /// Asks who did what, the latest first.
    ShowAudit "show_audit";
    /// Takes back a removal, a clearing or a kick.
    Undo "undo" {
        /// The number of its note; the sender's latest when absent.
        @default note: Option<u64>,
    };
    /// Claims the room: a co-host after the host has been gone for the time that is set, or at any time the one from whom
    /// it was claimed.
    ClaimHost "claim_host";
    /// Makes another member the host.
    TransferHost "transfer_host" {
        /// Whom.
        member: UserId,
    };
    /// Ends the room for everyone.
    CloseRoom "close_room";
    /// Gives the sender another display name.
    Rename "rename" {
        /// The new one.
        display_name: String,
    };
    /// Says something to everybody who is connected; kept nowhere.
    Say "say" {
        /// What: at most 500 characters on one line.
        text: String,
    };
    /// Reacts to what is on; kept nowhere.
    React "react" {
        /// How.
        emoji: String,
    };
    /// Leaves the room for good, queue and all; a lost connection does not.
    Leave "leave";
}

/// Why a frame cannot be taken in.
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
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

impl ClientFrame {
    /// Reads one text frame. Unlike plain deserialization it tells a bad command from a bad frame.
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
    fn a_command_reads_back_as_it_was_written() {
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
    fn a_probe_comes_back_to_the_last_bit() {
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
    fn fields_nobody_knows_are_ignored() {
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
    fn what_is_not_a_frame_is_told_apart() {
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
    fn every_command_says_its_own_name() {
        for name in Command::NAMES {
            let raw = format!(
                r#"{{"name":"{name}","track":{{"provider":"library","id":"x"}},"entry":"{ID}","member":"{ID}","role":"player","position_ms":1,"display_name":"x","value":1,"muted":true,"policy":"fifo","settings":{{}},"action":"kick","text":"x","emoji":"x","mode":"speakers","devices":[]}}"#
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
