//! WebSocket frames as bytes (RFC 6455 section 5.2): those a client writes, and those a Tutti server sends, which are
//! neither masked, fragmented nor compressed.

use tutti_protocol::ServerFrame;

/// The bit of a message's last frame.
pub const FIN: u8 = 0x80;
/// Opcodes.
pub const CONTINUATION: u8 = 0x0;
/// UTF-8.
pub const TEXT: u8 = 0x1;
/// Any bytes.
pub const BINARY: u8 = 0x2;
/// The end of a connection.
pub const CLOSE: u8 = 0x8;
/// To be answered by a pong with the same payload.
pub const PING: u8 = 0x9;
/// The answer to a ping.
pub const PONG: u8 = 0xA;

/// Longest payload whose length fits into the second byte.
const SHORT_MAX: u8 = 125;
/// Says that the length follows in two bytes.
const TWO_BYTES: u8 = 126;
/// Says that the length follows in eight bytes.
const EIGHT_BYTES: u8 = 127;
/// The bit in front of the length that says that the payload is masked.
const MASKED: u8 = 0x80;

/// A server's frame in a buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct RawFrame<'a> {
    /// One of the constants of this module.
    pub opcode: u8,
    /// What it carries.
    pub payload: &'a [u8],
    /// Bytes of the frame with its header.
    pub length: usize,
}

/// Bytes that no Tutti server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// `FIN` is not set, or a reserved bit is.
    #[error("a fragmented or compressed frame")]
    FragmentedOrCompressed,
    /// Only clients mask.
    #[error("a masked frame from a server")]
    Masked,
    /// It does not fit into memory.
    #[error("a frame of {0} bytes")]
    TooLong(u64),
}

impl<'a> RawFrame<'a> {
    /// The first frame in `bytes`; `None` while it is incomplete.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, FrameError> {
        let Some([first, second]) = bytes.first_chunk::<2>() else { return Ok(None) };
        if first & 0xF0 != FIN {
            return Err(FrameError::FragmentedOrCompressed);
        }
        let (header, payload) = match *second {
            TWO_BYTES => match bytes[2..].first_chunk::<2>() {
                Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
                None => return Ok(None),
            },
            EIGHT_BYTES => match bytes[2..].first_chunk::<8>().map(|length| u64::from_be_bytes(*length)) {
                Some(length) => (10, usize::try_from(length).map_err(|_| FrameError::TooLong(length))?),
                None => return Ok(None),
            },
            short @ 0..=SHORT_MAX => (2, usize::from(short)),
            _ => return Err(FrameError::Masked),
        };
        let payload = bytes[header..].get(..payload);
        Ok(payload.map(|payload| Self { opcode: first & 0x0F, payload, length: header + payload.len() }))
    }

    /// The code of a close frame, if it has one.
    pub fn close_code(&self) -> Option<u16> {
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }
}

/// A client's frame. `first` is the first byte: flags and opcode.
pub fn client_frame(first: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(first);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=SHORT_MAX), _) => frame.push(MASKED | short),
        (_, Ok(medium)) => {
            frame.push(MASKED | TWO_BYTES);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | EIGHT_BYTES);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    if mask == [0; 4] {
        frame.extend_from_slice(payload);
    } else {
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
    frame
}

/// Something that a server sent to a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A frame of the contract.
    Frame(ServerFrame),
    /// A WebSocket ping.
    Ping,
    /// The connection is closed with this code.
    Close(Option<u16>),
}

/// The frames in `bytes`, as a server's outbox gathered them. Panics about bytes outside of the contract.
pub fn received(mut bytes: &[u8]) -> Vec<Received> {
    let mut frames = vec![];
    while !bytes.is_empty() {
        let frame = RawFrame::parse(bytes).expect("a server's frame").expect("a whole frame");
        frames.push(match frame.opcode {
            TEXT => Received::Frame(serde_json::from_slice(frame.payload).expect("a frame of the contract")),
            CLOSE => Received::Close(frame.close_code()),
            PING => Received::Ping,
            other => panic!("opcode {other}"),
        });
        bytes = &bytes[frame.length..];
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(payload: &[u8]) -> Vec<u8> {
        let mut bytes = client_frame(FIN | TEXT, [0; 4], payload);
        let head = bytes.len() - payload.len();
        bytes.drain(head - 4..head);
        bytes[1] &= !MASKED;
        bytes
    }

    #[test]
    fn frames_are_parsed_wherever_they_are_cut() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let bytes = from_server(&vec![b'x'; length]);
            for cut in (0..bytes.len().min(12)).chain([bytes.len() - 1]) {
                assert_eq!(RawFrame::parse(&bytes[..cut]), Ok(None), "{length} cut at {cut}");
            }
            let frame = RawFrame::parse(&bytes).expect("valid").expect("complete");
            assert_eq!((frame.opcode, frame.payload.len(), frame.length), (TEXT, length, bytes.len()));
        }
    }

    #[test]
    fn frames_that_no_tutti_server_sends_are_errors() {
        for bytes in [[0x01, 0], [0xC1, 0], [0x81, 0x80]] {
            assert!(RawFrame::parse(&bytes).is_err(), "{bytes:?}");
        }
    }
}
