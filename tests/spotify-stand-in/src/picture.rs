//! Profile pictures and album covers, generated from a name: a PNG with two colours and a pattern of 5 by 5 fields.
//!
//! Deterministic and uncompressed; the largest has 52 kB.

/// Available sizes in pixels, widest first.
pub(crate) const SIZES_PX: [u32; 3] = [640, 300, 64];

const FIELDS: u32 = 5;

/// The picture for `name`; `None` if the size is not available.
pub(crate) fn png(name: &str, size_px: u32) -> Option<Vec<u8>> {
    if !SIZES_PX.contains(&size_px) {
        return None;
    }
    let hash = fnv1a(name);
    let [red, green, blue, ..] = hash.to_be_bytes();
    // A dark and a light colour of one hue.
    let palette = [red / 3, green / 3, blue / 3, 255 - red / 4, 255 - green / 4, 255 - blue / 4];
    let mut head = Vec::new();
    head.extend(size_px.to_be_bytes());
    head.extend(size_px.to_be_bytes());
    // One bit a pixel, palette, deflate, no filter, not interlaced.
    head.extend([1, 3, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &head);
    chunk(&mut file, *b"PLTE", &palette);
    chunk(&mut file, *b"IDAT", &stored(&pixels(hash, size_px)));
    chunk(&mut file, *b"IEND", &[]);
    Some(file)
}

/// Rows of bits, each after its filter byte.
fn pixels(hash: u64, size_px: u32) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..size_px {
        rows.push(0);
        for first in (0..size_px).step_by(8) {
            let bits = (first..first + 8).fold(0, |bits, x| bits << 1 | u8::from(is_light(hash, x, y, size_px)));
            rows.push(bits);
        }
    }
    rows
}

/// Mirrored horizontally, which resembles a face.
fn is_light(hash: u64, x: u32, y: u32, size_px: u32) -> bool {
    let (column, row) = ((x * FIELDS / size_px).min(FIELDS - 1), y * FIELDS / size_px);
    let field = row * 3 + column.min(FIELDS - 1 - column);
    hash >> (24 + field) & 1 == 1
}

/// A zlib stream (RFC 1950) of one stored block (RFC 1951), which holds up to 65,535 bytes.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(bytes);
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], contents: &[u8]) {
    file.extend(u32::try_from(contents.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(contents);
    file.extend(crc32(&file[start..]).to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values from the algorithms' specifications.
    #[test]
    fn checksums_match_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn only_the_listed_sizes_exist() {
        for size_px in SIZES_PX {
            let file = png("ana", size_px).unwrap();
            assert!(file.starts_with(b"\x89PNG"));
            assert_eq!(file[16..20], size_px.to_be_bytes());
        }
        assert_eq!(png("ana", 65), None);
        assert_ne!(png("ana", 64), png("ben", 64));
    }
}
