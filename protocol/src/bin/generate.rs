//! Writes `schema/tutti.v1.json` and `typescript/protocol.ts` from the types; with `--check` only compares, and fails
//! when a committed file differs from the source.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use schemars::generate::SchemaSettings;
use ts_rs::{Config, TS};
use tutti_protocol::{action, client, code, event, gain, http, id, reason, room, secret, segments, server, settings};

/// Calls `$emit!` with every type of the contract, in the order in which they are printed.
macro_rules! with_every_type {
    ($emit:ident) => {
        $emit!(
            id::UserId,
            id::SessionId,
            secret::Secret,
            id::EntryId,
            id::ConnectionId,
            id::DeviceId,
            id::ScreenId,
            id::CommandId,
            id::RoomCode,
            id::ProviderId,
            segments::Quality,
            room::Position,
            room::Role,
            room::UserKind,
            action::Action,
            room::Member,
            room::Track,
            room::Place,
            room::PlaceReason,
            room::Entry,
            room::PlaybackState,
            gain::Gain,
            room::Playback,
            room::OutputMode,
            room::Output,
            event::EndReason,
            event::TrackFault,
            room::Played,
            room::Note,
            client::TrackRef,
            settings::Policy,
            settings::Duplicates,
            settings::Explicit,
            settings::Admission,
            settings::BlockedTrack,
            settings::Settings,
            settings::SettingsChange,
            room::PairedScreen,
            room::Room,
            event::Event,
            code::ErrorCode,
            reason::Reason,
            reason::ReasonValue,
            client::Command,
            client::DeviceKind,
            client::Device,
            client::Measured,
            client::DevicePlayback,
            client::DeviceStatus,
            client::Hello,
            client::ClientFrame,
            server::Answer,
            server::EntryCommand,
            server::Own,
            server::ReplyError,
            server::DevicePresence,
            server::MemberPresence,
            server::ServerFrame,
            http::GuestRequest,
            http::LoginRequest,
            http::RegisterRequest,
            http::DeviceLoginRequest,
            http::DeviceCode,
            http::DeviceCodeState,
            http::DeviceCodeStatus,
            http::User,
            http::AuthResponse,
            http::PasswordChange,
            http::UpdateMeRequest,
            http::SessionSummary,
            http::SessionList,
            http::DeviceAccount,
            http::AccountList,
            http::SpotifyLinkState,
            http::PremiumVerdict,
            http::PremiumEvidence,
            http::Premium,
            http::SpotifyLink,
            http::SpotifyStatus,
            http::SpotifyPlayerEvent,
            http::SpotifyEvidenceRequest,
            http::SpotifyToken,
            http::SpotifyOutcome,
            http::SpotifyServer,
            http::SpotifyDevice,
            http::SpotifyDevices,
            http::SpotifyPlayRequest,
            http::ChooseSpotifyOutput,
            http::SpotifyOutputState,
            http::SpotifyOutput,
            http::SpotifyOutputStatus,
            http::CreateRoomRequest,
            http::RoomSummary,
            http::RoomPasscode,
            http::SetPasscodeRequest,
            http::NewScreenRequest,
            http::NewScreen,
            http::ScreenCode,
            http::ScreenCodeState,
            http::ScreenStatus,
            http::RoomList,
            http::Registration,
            http::RoomOpeners,
            http::Switches,
            http::SwitchesChange,
            http::SwitchesStatus,
            http::Act,
            http::OneTimeLink,
            http::ClaimRequest,
            http::NewPasswordRequest,
            http::Person,
            http::PersonList,
            http::NamedPerson,
            http::OperatedRoom,
            http::OperatedRoomList,
            http::OperatedRoomMembers,
            http::HandOverRequest,
            http::LibraryReport,
            http::ServerReport,
            http::ActRecord,
            http::ActList,
            http::SearchResponse,
            http::BrowseKind,
            http::BrowseItem,
            http::BrowseResponse,
            http::ServerDescription,
            http::Problem,
        )
    };
}

fn typescript() -> String {
    let config = Config::default().with_large_int("number");
    let mut text = String::from("// Written by `generate` from the Rust types in protocol/src. Do not edit.\n");
    macro_rules! emit {
        ($($type:ty,)*) => { $(
            let docs = <$type as TS>::docs().unwrap_or_default();
            let _ = write!(text, "\n{docs}export {}\n", <$type as TS>::decl(&config));
        )* };
    }
    with_every_type!(emit);

    text.push_str("\n/** Why the server closed a WebSocket. Below 4500: come back; from 4500: do not. */\nexport const CloseCode = {\n");
    for close in code::CloseCode::ALL {
        let _ = writeln!(text, "  {}: {},", close.name(), close.code());
    }
    text.push_str("} as const;\n");
    text.push_str(&tables());
    let _ = write!(text, "\nexport const SUBPROTOCOL = {:?};\n", tutti_protocol::SUBPROTOCOL);
    text
}

/// The tables of the contract that a client reads at run time.
fn tables() -> String {
    let mut text = String::new();
    text.push_str(
        "\n/** Every action: the lowest role that may do it in a new room, and whether that can be changed. */\n",
    );
    text.push_str("export const ACTIONS: Record<Action, { lowest: Role; fixed: boolean }> = {\n");
    for action in action::Action::ALL {
        let (name, lowest) = (action.as_str(), action.lowest_role().as_str());
        let _ = writeln!(text, "  {name}: {{ lowest: \"{lowest}\", fixed: {} }},", action.is_fixed());
    }
    text.push_str("};\n\n/** Every role, from least to most. */\n");
    let _ = writeln!(text, "export const ROLES: readonly Role[] = {};", json(&room::Role::ALL));
    text.push_str("\n/** Every command, by name. */\n");
    let _ = writeln!(text, "export const COMMANDS: readonly Command['name'][] = {};", json(&client::Command::NAMES));
    text.push_str("\n/** The settings of a new room. */\n");
    let settings = serde_json::to_string_pretty(&settings::Settings::default()).expect("settings are JSON");
    let _ = writeln!(text, "export const DEFAULT_SETTINGS: Settings = {settings};");
    text.push_str("\n/** How tracks are cut and served; sizes in samples. */\n");
    let (rate, samples) = (segments::RATE_HZ, segments::SEGMENT_SAMPLES);
    let (lead, tail) = (segments::SMALL_LEAD_SAMPLES, segments::SMALL_TAIL_SAMPLES);
    let _ = writeln!(
        text,
        "export const SEGMENTS = {{ rateHz: {rate}, samples: {samples}, smallLead: {lead}, smallTail: {tail}, samplesHeader: {:?} }} as const;",
        segments::SAMPLES_HEADER
    );
    text.push_str("\n/** Every error code, and whether the same command may succeed later. */\n");
    text.push_str("export const ERROR_CODES: Record<ErrorCode, { retry: boolean }> = {\n");
    for code in code::ErrorCode::ALL {
        let _ = writeln!(text, "  {}: {{ retry: {} }},", code.as_str(), code.retry());
    }
    text.push_str("};\n\n/** Every exact reason for a refusal: its error code, and the values that come with it. */\n");
    text.push_str("export const REASONS = {\n");
    for reason in reason::Reason::ALL {
        let (name, code, values) = (reason.as_str(), reason.code().as_str(), json(&reason.value_names()));
        let _ = writeln!(text, "  {name}: {{ code: \"{code}\", values: {values} }},");
    }
    text.push_str("} as const satisfies Record<Reason, { code: ErrorCode; values: readonly string[] }>;\n");
    text
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("names are JSON")
}

fn json_schema() -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    macro_rules! emit {
        ($($type:ty,)*) => { $( generator.subschema_for::<$type>(); )* };
    }
    with_every_type!(emit);
    let schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "tutti.v1.json",
        "title": "The wire contract of Tutti, version 1",
        "$defs": generator.take_definitions(true),
    });
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut differs = false;
    for (path, text) in [("typescript/protocol.ts", typescript()), ("schema/tutti.v1.json", json_schema())] {
        let path = root.join(path);
        if check {
            if std::fs::read_to_string(&path).unwrap_or_default() != text {
                #[expect(clippy::print_stderr, reason = "a command-line tool speaks to its user")]
                {
                    eprintln!("{} differs from the types: run `make generate`", path.display());
                }
                differs = true;
            }
        } else {
            std::fs::create_dir_all(path.parent().expect("has a parent")).expect("can make the folder");
            std::fs::write(&path, text).expect("can write the file");
        }
    }
    if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
