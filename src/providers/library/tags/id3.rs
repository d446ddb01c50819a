//! The text of ID3 tags, read forgivingly: a frame that breaks the standard costs at most itself.
//!
//! Reads what its declared encoding cannot be trusted to say ([`Raw`]), frames that occur twice, and the sizes that old
//! versions of iTunes wrote. Pictures and all other frames are skipped.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use lofty::id3::v1::GENRES;

use super::fields::{Field, Fields};
use super::text::Raw;

/// Largest text frame that is read. Longer ones are not names.
const FRAME_BYTES_MAX: u64 = 64 * 1024;
/// How much of a tag is read that is stored unsynchronised, which has to be undone for the tag as a whole.
const UNSYNCHRONISED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most frames of one tag.
const FRAMES_MAX: usize = 2_000;
/// Length of a tag's header.
const HEADER_BYTES: u64 = 10;

/// The header of an ID3v2 tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    version: u8,
    unsynchronised: bool,
    extended: bool,
    body_bytes: u64,
    footer: bool,
}

impl Header {
    /// Parses the first bytes of a tag; `None` if there is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [b'I', b'D', b'3', version @ 2..=4, _, flags, a, b, c, d, ..] = *bytes else { return None };
        let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
        Some(Self {
            version,
            unsynchronised: flags & 0x80 != 0,
            extended: version > 2 && flags & 0x40 != 0,
            body_bytes: size,
            footer: version == 4 && flags & 0x10 != 0,
        })
    }

    /// Length of the whole tag.
    pub fn tag_bytes(&self) -> u64 {
        HEADER_BYTES + self.body_bytes + if self.footer { HEADER_BYTES } else { 0 }
    }
}

/// Reads the tag that begins at `at`.
pub fn read_v2(file: &mut (impl Read + Seek), at: u64) -> io::Result<Fields> {
    file.seek(SeekFrom::Start(at))?;
    let mut header = [0; 10];
    file.read_exact(&mut header)?;
    let Some(header) = Header::parse(&header) else { return Ok(Fields::default()) };
    if header.unsynchronised && header.version < 4 {
        let mut body = Vec::new();
        file.take(header.body_bytes.min(UNSYNCHRONISED_BYTES_MAX)).read_to_end(&mut body)?;
        let body = synchronise(&body);
        let end = body.len() as u64;
        return frames(&mut Cursor::new(body), header, 0, end);
    }
    let begin = at + HEADER_BYTES;
    frames(file, header, begin, begin + header.body_bytes)
}

/// Reads the ID3v1 tag in the last 128 bytes of a file.
pub fn parse_v1(last: &[u8; 128]) -> Fields {
    let mut fields = Fields::default();
    if !last.starts_with(b"TAG") {
        return fields;
    }
    let text = |bytes: &[u8]| {
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii_end();
        latin(text)
    };
    fields.push(Field::Title, text(&last[3..33]));
    fields.push(Field::Artist, text(&last[33..63]));
    fields.push(Field::Album, text(&last[63..93]));
    fields.push(Field::Date, text(&last[93..97]));
    if last[125] == 0 && last[126] != 0 {
        fields.push(Field::Number, Raw::Text(last[126].to_string()));
    }
    if let Some(genre) = GENRES.get(usize::from(last[127])) {
        fields.push(Field::Genre, Raw::Text((*genre).to_owned()));
    }
    fields
}

/// Undoes unsynchronisation: a zero byte after each `0xff` is dropped.
fn synchronise(bytes: &[u8]) -> Vec<u8> {
    let mut before = 0;
    let mut kept = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        if !(before == 0xff && byte == 0) {
            kept.push(byte);
        }
        before = byte;
    }
    kept
}

fn frames(tag: &mut (impl Read + Seek), header: Header, begin: u64, end: u64) -> io::Result<Fields> {
    let mut fields = Fields::default();
    let mut at = begin + extended_header_bytes(tag, header, begin)?;
    let header_bytes: u64 = if header.version == 2 { 6 } else { 10 };
    for _ in 0..FRAMES_MAX {
        let mut start = [0; 10];
        let start = &mut start[..if header.version == 2 { 6 } else { 10 }];
        if at + header_bytes > end || !read_at(tag, at, start)? || !is_frame_id(start, header.version) {
            break;
        }
        at += header_bytes;
        let size = frame_bytes(tag, header.version, start, at, end)?;
        if at + size > end {
            break;
        }
        if size <= FRAME_BYTES_MAX && start[0] == b'T' {
            let mut content = vec![0; usize::try_from(size).unwrap_or_default()];
            if !read_at(tag, at, &mut content)? {
                break;
            }
            let flags = if header.version == 4 { start[9] } else { 0 };
            if let Some(content) = plain(&content, flags, header.unsynchronised) {
                text_frame(&mut fields, &start[..if header.version == 2 { 3 } else { 4 }], &content);
            }
        }
        at += size;
    }
    Ok(fields)
}

fn extended_header_bytes(tag: &mut (impl Read + Seek), header: Header, begin: u64) -> io::Result<u64> {
    let mut size = [0; 4];
    if !header.extended || !read_at(tag, begin, &mut size)? {
        return Ok(0);
    }
    Ok(if header.version == 4 { synchsafe(size) } else { u64::from(u32::from_be_bytes(size)) + 4 })
}

/// The size of a frame's content, which begins at `at`. ID3v2.4 has seven bits a byte, iTunes wrote eight, and some
/// programs wrote seven in ID3v2.3: of two possible sizes, the one that ends where a frame, the padding or the end is.
fn frame_bytes(tag: &mut (impl Read + Seek), version: u8, start: &[u8], at: u64, end: u64) -> io::Result<u64> {
    if version == 2 {
        return Ok(start[3..6].iter().fold(0, |size, byte| size << 8 | u64::from(*byte)));
    }
    let size = [start[4], start[5], start[6], start[7]];
    let (seven, eight) = (synchsafe(size), u64::from(u32::from_be_bytes(size)));
    let (right, other) = if version == 4 { (seven, eight) } else { (eight, seven) };
    if right == other {
        return Ok(right);
    }
    // A byte past seven bits is not of a size with seven.
    if version == 4 && size.iter().any(|byte| byte & 0x80 != 0) {
        return Ok(eight);
    }
    let fits = ends_well(tag, version, at + right, end)? || !ends_well(tag, version, at + other, end)?;
    Ok(if fits { right } else { other })
}

fn ends_well(tag: &mut (impl Read + Seek), version: u8, at: u64, end: u64) -> io::Result<bool> {
    let mut next = [0; 4];
    Ok(at == end || (at + 4 <= end && read_at(tag, at, &mut next)? && (next == [0; 4] || is_frame_id(&next, version))))
}

/// `false` if the file ends before.
fn read_at(tag: &mut (impl Read + Seek), at: u64, buffer: &mut [u8]) -> io::Result<bool> {
    tag.seek(SeekFrom::Start(at))?;
    match tag.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn synchsafe(size: [u8; 4]) -> u64 {
    size.iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f))
}

/// Frames that old programs converted from ID3v2.2 have a space or zero as the fourth character of their id.
fn is_frame_id(start: &[u8], version: u8) -> bool {
    let length = if version == 2 { 3 } else { 4 };
    start.len() >= length
        && start[..3].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && (version == 2 || matches!(start[3], b'A'..=b'Z' | b'0'..=b'9' | b' ' | 0))
}

/// The content without what the flags of an ID3v2.4 frame say is in front; `None` for compressed and encrypted frames.
fn plain(content: &[u8], flags: u8, unsynchronised: bool) -> Option<Vec<u8>> {
    const GROUPED: u8 = 0x40;
    const COMPRESSED_OR_ENCRYPTED: u8 = 0x0c;
    const UNSYNCHRONISED: u8 = 0x02;
    const HAS_LENGTH: u8 = 0x01;
    if flags & COMPRESSED_OR_ENCRYPTED != 0 {
        return None;
    }
    let grouped = usize::from(flags & GROUPED != 0);
    let length = if flags & HAS_LENGTH != 0 { 4 } else { 0 };
    let content = content.get(grouped + length..)?;
    Some(if unsynchronised || flags & UNSYNCHRONISED != 0 { synchronise(content) } else { content.to_vec() })
}

fn text_frame(fields: &mut Fields, id: &[u8], content: &[u8]) {
    let values = values(content);
    if matches!(id, b"TXXX" | b"TXX") {
        let Some((Raw::Text(name), values)) = values.split_first() else { return };
        let Some(field) = Field::of_name(name) else { return };
        for value in values {
            fields.push(field, value.clone());
        }
        return;
    }
    let Some(field) = field(id) else { return };
    for value in values {
        match value {
            Raw::Text(text) if field == Field::Genre => {
                for genre in genres(&text) {
                    fields.push(field, Raw::Text(genre));
                }
            }
            value => fields.push(field, value),
        }
    }
}

fn field(id: &[u8]) -> Option<Field> {
    Some(match id {
        b"TIT2" | b"TT2" => Field::Title,
        b"TPE1" | b"TP1" => Field::Artist,
        b"TPE2" | b"TP2" => Field::AlbumArtist,
        b"TALB" | b"TAL" => Field::Album,
        b"TCOM" | b"TCM" => Field::Composer,
        b"TCON" | b"TCO" => Field::Genre,
        b"TDRC" | b"TYER" | b"TYE" | b"TDRL" => Field::Date,
        b"TPOS" | b"TPA" => Field::Disc,
        b"TRCK" | b"TRK" => Field::Number,
        b"TSOP" | b"XSOP" | b"TSP" => Field::ArtistSort,
        b"TSOA" | b"TSA" => Field::AlbumSort,
        b"TSOT" | b"TST" => Field::TitleSort,
        b"TCMP" | b"TCP" => Field::Compilation,
        _ => return None,
    })
}

/// The values of a text frame: an encoding, and text with zeros between two.
fn values(content: &[u8]) -> Vec<Raw> {
    match content.split_first() {
        None => Vec::new(),
        Some((0, text)) => text.split(|byte| *byte == 0).map(latin).collect(),
        Some((3, text)) => text.split(|byte| *byte == 0).map(Raw::utf8).collect(),
        Some((encoding @ (1 | 2), text)) => utf16(text, *encoding == 2),
        // Written without an encoding.
        Some(_) => content.split(|byte| *byte == 0).map(latin).collect(),
    }
}

/// What is declared as Latin-1 may be in any encoding that extends ASCII.
fn latin(bytes: &[u8]) -> Raw {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Raw::Text(text.to_owned()),
        _ => Raw::Bytes(bytes.to_vec()),
    }
}

fn utf16(text: &[u8], mut big_endian: bool) -> Vec<Raw> {
    let units = text.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let mut values = vec![Vec::new()];
    for unit in units {
        match unit {
            [0, 0] => values.push(Vec::new()),
            [0xff, 0xfe] => big_endian = false,
            [0xfe, 0xff] => big_endian = true,
            unit => {
                let unit = if big_endian { u16::from_be_bytes(unit) } else { u16::from_le_bytes(unit) };
                values.last_mut().expect("there is one").push(unit);
            }
        }
    }
    values.iter().map(|units| Raw::unicode(&String::from_utf16_lossy(units))).collect()
}

/// Genres as ID3 writes them: by name, by number, and as `(17)`, `(17)Rock` and `(4)(Eurodisco)`.
fn genres(text: &str) -> Vec<String> {
    let named = |number: &str| number.parse::<usize>().ok().and_then(|number| GENRES.get(number));
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((inner, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        match inner {
            "RX" => found.push("Remix".to_owned()),
            "CR" => found.push("Cover".to_owned()),
            inner => match named(inner) {
                Some(name) => found.push((*name).to_owned()),
                None => break,
            },
        }
        rest = after.trim();
    }
    match named(rest) {
        Some(name) => found.push((*name).to_owned()),
        None if rest.is_empty() || found.iter().any(|name| name.eq_ignore_ascii_case(rest)) => {}
        None => found.push(rest.to_owned()),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tag of text frames.
    fn tag(version: u8, frames: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (id, content) in frames {
            body.extend_from_slice(id.as_bytes());
            let size = u32::try_from(content.len()).expect("it is short").to_be_bytes();
            body.extend_from_slice(if version == 2 { &size[1..] } else { &size });
            body.extend_from_slice(if version == 2 { &[] } else { &[0, 0] });
            body.extend_from_slice(content);
        }
        let [_, _, high, low] = u32::try_from(body.len()).expect("it is short").to_be_bytes();
        let size = [0, high >> 6, high << 1 & 0x7f | low >> 7, low & 0x7f];
        [b"ID3".as_slice(), &[version, 0, 0], &size, &body].concat()
    }

    fn read(tag: &[u8]) -> Fields {
        read_v2(&mut Cursor::new(tag), 0).expect("it is in memory")
    }

    fn texts(fields: &Fields, field: Field) -> Vec<String> {
        fields.of(field).map(|value| value.decode(encoding_rs::WINDOWS_1252)).collect()
    }

    #[test]
    fn all_versions_and_encodings_are_read() {
        for (version, title, artist) in [(2, "TT2", "TP1"), (3, "TIT2", "TPE1"), (4, "TIT2", "TPE1")] {
            let fields = read(&tag(version, &[(title, b"\x01\xff\xfe\xe9\0t\0\xe9\0"), (artist, b"\x00Z\xe9\0Ana")]));
            assert_eq!(texts(&fields, Field::Title), ["été"]);
            assert_eq!(texts(&fields, Field::Artist), ["Zé", "Ana"]);
        }
        let fields = read(&tag(4, &[("TIT2", b"\x02\0a\0b"), ("TPE1", "\u{3}Zoé".as_bytes()), ("TALB", b"naked")]));
        assert_eq!(texts(&fields, Field::Title), ["ab"]);
        assert_eq!(texts(&fields, Field::Artist), ["Zoé"]);
        assert_eq!(texts(&fields, Field::Album), ["naked"]);
    }

    #[test]
    fn user_defined_frames_are_fields_by_name() {
        let fields = read(&tag(4, &[("TXXX", b"\x03Artists\0Alpha\0Beta"), ("TXXX", b"\x03ITUNESADVISORY\x001")]));
        assert_eq!(texts(&fields, Field::Artists), ["Alpha", "Beta"]);
        assert_eq!(texts(&fields, Field::Advisory), ["1"]);
    }

    #[test]
    fn unsynchronised_tags_are_read() {
        let mut whole = tag(3, &[("TIT2", b"\x01\xff\0\xfe\xe9\0t\0"), ("TPE1", b"\0Ana")]);
        // The size is that of the frame before the zero was put in.
        whole[17] -= 1;
        whole[5] = 0x80;
        let fields = read(&whole);
        assert_eq!(texts(&fields, Field::Title), ["ét"]);
        assert_eq!(texts(&fields, Field::Artist), ["Ana"]);
    }

    #[test]
    fn a_broken_frame_costs_only_itself() {
        let fields = read(&tag(4, &[("TIT2", b""), ("TPE1", b"\x03Ana"), ("TALB", &[3; 200]), ("TCOM", b"\x03Bach")]));
        assert_eq!(texts(&fields, Field::Title), Vec::<String>::new());
        assert_eq!(texts(&fields, Field::Artist), ["Ana"]);
        assert_eq!(texts(&fields, Field::Composer), ["Bach"]);
        let whole = tag(4, &[("TPE1", b"\x03Ana"), ("TIT2", b"\x03Title")]);
        for length in 0..whole.len() {
            let _ = read_v2(&mut Cursor::new(&whole[..length]), 0);
        }
    }

    #[test]
    fn genres_are_names_or_numbers() {
        assert_eq!(genres("(17)"), ["Rock"]);
        assert_eq!(genres("17"), ["Rock"]);
        assert_eq!(genres("(17)Rock"), ["Rock"]);
        assert_eq!(genres("(4)(Eurodisco)"), ["Disco", "(Eurodisco)"]);
        assert_eq!(genres("Shoegaze"), ["Shoegaze"]);
        assert_eq!(genres("(RX)(17)Dub"), ["Remix", "Rock", "Dub"]);
        assert_eq!(genres("(999)"), ["(999)"]);
        assert_eq!(genres(""), Vec::<String>::new());
    }

    #[test]
    fn version_1_is_read() {
        let mut last = [0; 128];
        last[..8].copy_from_slice(b"TAGTitle");
        last[33..36].copy_from_slice(b"Z\xe9 ");
        last[93..97].copy_from_slice(b"1984");
        last[126] = 7;
        last[127] = 17;
        let fields = parse_v1(&last);
        assert_eq!(texts(&fields, Field::Title), ["Title"]);
        assert_eq!(texts(&fields, Field::Artist), ["Zé"]);
        assert_eq!(
            (texts(&fields, Field::Number), texts(&fields, Field::Genre)),
            (vec!["7".into()], vec!["Rock".into()])
        );
        assert!(parse_v1(&[0; 128]).is_empty());
    }
}
