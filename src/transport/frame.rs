//! WebSocket frames as a server sends them (RFC 6455 section 5.2): unmasked, so the same bytes go to every receiver.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use tutti_protocol::CloseCode;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;

/// A text frame around a value's JSON.
pub fn json(value: &impl Serialize) -> Bytes {
    text(&serde_json::to_vec(value).expect("protocol types are JSON"))
}

/// A text frame.
pub fn text(payload: &[u8]) -> Bytes {
    frame(TEXT, payload)
}

/// A ping without a payload.
pub fn ping() -> Bytes {
    frame(PING, &[])
}

/// A close frame with code and reason.
pub fn close(code: CloseCode) -> Bytes {
    let mut payload = BytesMut::with_capacity(2 + code.reason().len());
    payload.put_u16(code.code());
    payload.put_slice(code.reason().as_bytes());
    frame(CLOSE, &payload)
}

/// The length of a client's frame, which is masked, with a payload of `payload` bytes.
pub fn length_from_client(payload: usize) -> usize {
    let length = match payload {
        0..=125 => 0,
        126..=0xFFFF => 2,
        _ => 8,
    };
    2 + length + 4 + payload
}

fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(10 + payload.len());
    frame.put_u8(FIN | opcode);
    match u16::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.put_u8(short.to_be_bytes()[1]),
        Ok(medium) => {
            frame.put_u8(126);
            frame.put_u16(medium);
        }
        Err(_) => {
            frame.put_u8(127);
            frame.put_u64(payload.len() as u64);
        }
    }
    frame.put_slice(payload);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xFF, 0xFF]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = text(&vec![b'x'; length]);
            assert_eq!(&frame[..head.len()], head, "{length}");
            assert_eq!(frame.len(), head.len() + length);
            assert_eq!(length_from_client(length), frame.len() + 4, "with the mask");
        }
    }

    #[test]
    fn a_close_frame_carries_code_and_reason() {
        assert_eq!(&close(CloseCode::Kicked)[..], b"\x88\x08\x11\x98kicked");
    }
}
