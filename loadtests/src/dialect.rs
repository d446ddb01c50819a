//! The messages that the generator sends and recognizes after joining. They are scanned, not parsed: the generator
//! reads every delivery, on the same processors as the server.

use memchr::memmem;
use tutti_protocol::{ClientFrame, Command, CommandId};
use tutti_test_client::encode;
use uuid::Uuid;

/// Bytes that a peer publishes: about as many as a Tutti delta about a seek.
pub(crate) const PAYLOAD_BYTES: usize = 300;
/// Seeks cycle through the positions from 1 to this. Position 0 is the start of a track, not a publish.
const POSITIONS: u64 = 30_000;

/// A message from the server, as classified by the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A publish, by its number.
    Delivery(u64),
    /// Anything else that is allowed: presence, heartbeats, replies.
    Other,
    /// The generator read too slowly: a snapshot replaces dropped deltas.
    Snapshot,
    /// socket.io's ping.
    Ping,
    /// The server refused a publish.
    Refused,
}

/// The protocol of a server after joining.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    /// Seeks, and the deltas that follow.
    Tutti,
    /// The payload and nothing else.
    Plain,
    /// Engine.IO 4 and Socket.IO 5 over a WebSocket.
    SocketIo,
}

impl Dialect {
    /// The text that publishes `number` in a room.
    pub(crate) fn publish(self, number: u64) -> String {
        match self {
            Self::Tutti => {
                let command = Command::Seek { position_ms: 1 + number % POSITIONS };
                encode(&ClientFrame::Command { id: CommandId(Uuid::new_v4()), command })
            }
            Self::Plain => payload(number),
            Self::SocketIo => format!(r#"42["publish","{}"]"#, payload(number)),
        }
    }

    /// Classifies a text from the server, given the number of the publish before.
    pub(crate) fn classify(self, text: &[u8], last: Option<u64>) -> Message {
        match self {
            Self::Tutti if text.starts_with(br#"{"type":"delta""#) => {
                // Positions repeat: this is the next publish with this position.
                let position = number_after(text, br#""anchor_position_ms":"#).filter(|position| *position > 0);
                position.map_or(Message::Other, |position| {
                    let next = last.map_or(0, |last| last + 1);
                    let ahead = (position - 1 + POSITIONS - next % POSITIONS) % POSITIONS;
                    // Slightly behind means a repetition, not almost a full cycle ahead.
                    Message::Delivery(if ahead > POSITIONS / 2 {
                        (next + ahead).saturating_sub(POSITIONS)
                    } else {
                        next + ahead
                    })
                })
            }
            Self::Tutti if text.starts_with(br#"{"type":"snapshot""#) => Message::Snapshot,
            Self::Tutti if text.starts_with(br#"{"type":"reply""#) => {
                if memmem::find(text, br#""ok":true"#).is_some() {
                    Message::Other
                } else {
                    Message::Refused
                }
            }
            Self::Tutti => Message::Other,
            Self::Plain => number_after(text, b"n").map_or(Message::Other, Message::Delivery),
            Self::SocketIo if text == b"2" => Message::Ping,
            Self::SocketIo => number_after(text, br#"["message","n"#).map_or(Message::Other, Message::Delivery),
        }
    }
}

/// The room's offset in a Tutti delta.
pub(crate) fn offset_of(text: &[u8]) -> Option<u64> {
    number_after(text, br#""offset":"#)
}

fn payload(number: u64) -> String {
    format!("n{number:<width$}", width = PAYLOAD_BYTES - 1)
}

/// The number that follows the first `mark`.
fn number_after(text: &[u8], mark: &[u8]) -> Option<u64> {
    let start = memmem::find(text, mark)? + mark.len();
    let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut number = None;
    for digit in digits {
        number = Some(number.unwrap_or(0) * 10 + u64::from(digit - b'0'));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_of_peers_are_recognized() {
        for (dialect, wrap) in [(Dialect::Plain, ("", "")), (Dialect::SocketIo, (r#"42["message",""#, r#""]"#))] {
            for number in [0, 7, 123_456] {
                let published = payload(number);
                assert_eq!(published.len(), PAYLOAD_BYTES);
                let text = format!("{}{published}{}", wrap.0, wrap.1);
                assert_eq!(dialect.classify(text.as_bytes(), None), Message::Delivery(number));
            }
        }
        assert_eq!(Dialect::SocketIo.classify(b"2", None), Message::Ping);
    }

    #[test]
    fn seeks_are_numbered_by_position_beyond_a_full_cycle() {
        let delta = |position: u64| {
            format!(
                r#"{{"type":"delta","position":{{"epoch":1,"offset":7}},"events":[{{"name":"playback_changed","playback":{{"anchor_position_ms":{position}}}}}]}}"#
            )
        };
        for (position, last, number) in [
            (1, None, 0),
            (6, Some(4), 5),
            (8, Some(4), 7),
            (5, Some(4), 4),
            (1, Some(POSITIONS - 1), POSITIONS),
            (4, Some(2 * POSITIONS + 2), 2 * POSITIONS + 3),
        ] {
            let text = delta(position);
            assert_eq!(
                Dialect::Tutti.classify(text.as_bytes(), last),
                Message::Delivery(number),
                "{position} after {last:?}"
            );
            assert_eq!(offset_of(text.as_bytes()), Some(7));
        }
        assert_eq!(Dialect::Tutti.classify(delta(0).as_bytes(), None), Message::Other, "a track starts");
    }
}
