//! What a file is, by its contents: format, a provisional duration, and where its text tags are.
//!
//! Names say little: mp3 files are called `.wav`, Opus is in `.ogg` and `.webm`. Files are recognised by their first bytes,
//! behind ID3 tags and junk. The duration is as good as headers allow and at least 1 ms; decoding gives the exact one. No
//! input panics, and a header is never believed about how much to read.

use std::io::{self, Read, Seek};

use tutti_audio::reader::{Reader, be32, be64};

use super::tags::fields::Fields;
use super::tags::id3;

mod asf;
mod ebml;
mod flac;
mod frames;
mod iff;
mod mp4;
mod ogg;
mod others;

/// How much of a file is read to recognise it.
const HEAD_BYTES: usize = 16 * 1024;
/// Most ID3v2 tags in front of the sound.
const ID3_TAGS_MAX: usize = 8;

/// A kind of music file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// MPEG audio, layers 1 to 3.
    Mpeg,
    /// AAC in ADTS frames.
    Aac,
    /// Native FLAC.
    Flac,
    /// FLAC, Opus, Vorbis or Speex in Ogg.
    Ogg,
    /// MP4 and QuickTime.
    Mp4,
    /// WAV.
    Wav,
    /// WAV of more than 4 GiB: RF64 and Wave64.
    LargeWav,
    /// AIFF and AIFF-C.
    Aiff,
    /// WebM.
    WebM,
    /// Matroska.
    Matroska,
    /// Monkey's Audio.
    Ape,
    /// WavPack.
    WavPack,
    /// Musepack.
    Musepack,
    /// AC-3 and E-AC-3.
    Ac3,
    /// DTS.
    Dts,
    /// Windows Media Audio.
    Asf,
    /// DSD, in DSF or DFF.
    Dsd,
    /// Another format that a system decoder may know.
    Other,
}

impl Format {
    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Mpeg => "audio/mpeg",
            Self::Aac => "audio/aac",
            Self::Flac => "audio/flac",
            Self::Ogg => "audio/ogg",
            Self::Mp4 => "audio/mp4",
            Self::Wav | Self::LargeWav => "audio/wav",
            Self::Aiff => "audio/aiff",
            Self::WebM => "audio/webm",
            Self::Matroska => "audio/x-matroska",
            Self::Ape => "audio/x-ape",
            Self::WavPack => "audio/x-wavpack",
            Self::Musepack => "audio/x-musepack",
            Self::Ac3 => "audio/ac3",
            Self::Dts => "audio/vnd.dts",
            Self::Asf => "audio/x-ms-wma",
            Self::Dsd => "audio/x-dsd",
            Self::Other => "application/octet-stream",
        }
    }
}

/// What was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The format.
    pub format: Format,
    /// The duration that headers and sizes suggest, in milliseconds.
    pub duration_ms: u64,
    /// Whether there is a picture that moves, too.
    pub video: bool,
    /// The text of its tags, as far as this module reads them: not of MP4 and APE tags.
    pub fields: Fields,
}

/// Recognises a file. `None` when no sound is in it.
pub fn recognise(file: &mut dyn ReadSeek) -> io::Result<Option<Sound>> {
    let mut source = Source::new(file)?;
    let mut fields = Fields::default();
    let mut at = 0;
    let mut head = source.read(0, HEAD_BYTES)?;
    for _ in 0..ID3_TAGS_MAX {
        let Some(header) = id3::Header::parse(&head) else { break };
        fields.supplement(id3::read_v2(&mut source.file, at)?);
        at += header.tag_bytes();
        head = source.read(at, HEAD_BYTES)?;
    }
    let Some(mut sound) = by_signature(&mut source, at, &head)? else { return Ok(None) };
    fields.supplement(sound.fields);
    let last = source.read(source.bytes.saturating_sub(128), 128)?;
    if let Ok(last) = last.as_slice().try_into() {
        fields.supplement(id3::parse_v1(last));
    }
    sound.fields = fields;
    sound.duration_ms = sound.duration_ms.max(1);
    Ok(Some(sound))
}

/// Recognises the format that begins at `at` with `head`.
fn by_signature(source: &mut Source<'_>, at: u64, head: &[u8]) -> io::Result<Option<Sound>> {
    match head {
        [b'f', b'L', b'a', b'C', ..] => flac::read(source, at),
        [b'O', b'g', b'g', b'S', ..] => ogg::read(source, at),
        [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, b'W', b'A', b'V', b'E', ..]
        | [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..]
        | [b'B', b'W', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => iff::read_wave(source, at),
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => iff::read_aiff(source, at),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => ebml::read(source, at),
        [_, _, _, _, b'f', b't', b'y', b'p', ..]
        | [_, _, _, _, b'm', b'o', b'o', b'v', ..]
        | [_, _, _, _, b'm', b'd', b'a', b't', ..]
        | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => mp4::read(source, at),
        head => match others::read(source, at, head) {
            Some(sound) => Ok(Some(sound)),
            None => frames::read(source, at),
        },
    }
}

/// A file that can be read anywhere.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A file whose format is unknown.
type Source<'a> = Reader<&'a mut dyn ReadSeek>;

/// Duration of everything from `at` on at a constant rate.
fn duration_at_rate(source: &Source<'_>, at: u64, bits_per_second: u64) -> u64 {
    source.bytes.saturating_sub(at).saturating_mul(8_000) / bits_per_second.max(1)
}

fn sound(format: Format, duration_ms: u64) -> Sound {
    Sound { format, duration_ms, video: false, fields: Fields::default() }
}

/// Milliseconds of a number of samples.
fn samples_ms(samples: u64, rate: u64) -> u64 {
    u64::try_from(u128::from(samples) * 1_000 / u128::from(rate.max(1))).unwrap_or(u64::MAX)
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
