//! Text of tags and file names: its encoding, and what of it is shown.
//!
//! Old programs wrote the bytes of their system's code page and declared something else. Bytes are UTF-8 if all values of a
//! file are; otherwise the encoding is guessed from all of them together, because one title alone says too little.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_8859_2, ISO_8859_4, WINDOWS_1250, WINDOWS_1252, WINDOWS_1257};
use unicode_normalization::UnicodeNormalization;

/// Longest title, artist or album that is kept, in characters.
pub const TEXT_CHARS_MAX: usize = 300;

/// A value as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// Text in a Unicode encoding.
    Text(String),
    /// Bytes in an encoding that is not known.
    Bytes(Vec<u8>),
}

impl Raw {
    /// Bytes that claim to be UTF-8.
    pub fn utf8(bytes: &[u8]) -> Self {
        Self::from_unicode(std::str::from_utf8(bytes).ok(), bytes)
    }

    /// Text from a Unicode encoding. Mojibake that a program stored as Unicode becomes bytes again.
    pub fn unicode(text: &str) -> Self {
        Self::from_unicode(Some(text), &[])
    }

    fn from_unicode(text: Option<&str>, bytes: &[u8]) -> Self {
        match text {
            Some(text) => mojibake(text).map_or_else(|| Self::Text(text.to_owned()), Self::Bytes),
            None => Self::Bytes(bytes.to_vec()),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Bytes(bytes) => bytes.trim_ascii().is_empty(),
        }
    }

    /// The text, if its bytes are in `encoding`.
    pub fn decode(&self, encoding: &'static Encoding) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if encoding.is_single_byte() || text.is_ascii() => text.to_owned(),
                _ => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            },
        }
    }
}

/// The encoding of a file's values of [`Raw::Bytes`].
pub fn encoding<'a>(values: impl IntoIterator<Item = &'a Raw>) -> &'static Encoding {
    let mut bytes = Vec::new();
    let mut utf8 = true;
    for value in values {
        if let Raw::Bytes(value) = value {
            utf8 &= std::str::from_utf8(value).is_ok();
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
    }
    if utf8 {
        return encoding_rs::UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // The detector takes short Western names for Central European or Baltic ones, which differ in few letters. Tags in
    // those languages come from Windows and have letters in the range that Latin-1 leaves to control characters.
    let seldom = [WINDOWS_1250, WINDOWS_1257].contains(&guess) && !bytes.iter().any(|byte| matches!(byte, 0x80..=0x9f));
    if seldom || [ISO_8859_2, ISO_8859_4].contains(&guess) { WINDOWS_1252 } else { guess }
}

/// One line of at most [`TEXT_CHARS_MAX`] characters in normal form C, without control, invisible and bidirectional
/// formatting characters; `None` when nothing is left.
pub fn clean(text: &str) -> Option<String> {
    let mut line = String::with_capacity(text.len());
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            // Persian and Indic scripts and emoji need them inside a word; elsewhere they only hide there.
            '\u{200c}' | '\u{200d}' => {
                let joins =
                    |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !c.is_whitespace() && !is_invisible(c));
                if joins(before) && joins(characters.peek().copied()) {
                    line.push(c);
                }
            }
            c if is_invisible(c) => {}
            c if c.is_control() || c.is_whitespace() => line.push(' '),
            c => line.push(c),
        }
        before = Some(c);
    }
    let kept: String = line.trim().nfc().take(TEXT_CHARS_MAX).collect();
    let kept = kept.trim_end();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Characters without a shape of their own that hide in a name or turn the text around them, besides joiners.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The bytes behind Unicode text that is bytes of another encoding taken for Latin-1 or Windows-1252: it is UTF-8 when
/// taken back, or more than half of its letters are accented, which no language written in Latin-1 does.
fn mojibake(text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Vec<u8> = text.chars().map(latin_byte).collect::<Option<_>>()?;
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let accented = text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    (std::str::from_utf8(&bytes).is_ok() || (accented >= 3 && accented * 2 > letters)).then_some(bytes)
}

/// The byte that Latin-1 or Windows-1252 shows as `c`.
fn latin_byte(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return Some(byte);
    }
    let mut buffer = [0; 4];
    let (bytes, _, failed) = WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
    (!failed && bytes.len() == 1).then(|| bytes[0])
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_JP, EUC_KR, GBK, KOI8_R, SHIFT_JIS, WINDOWS_874, WINDOWS_1251, WINDOWS_1253, WINDOWS_1254,
        WINDOWS_1255, WINDOWS_1256,
    };

    use super::*;

    fn read(values: &[Raw]) -> Vec<String> {
        let encoding = encoding(values);
        values.iter().map(|value| value.decode(encoding)).collect()
    }

    #[test]
    fn legacy_encodings_are_recognised_from_title_artist_and_album() {
        let songs: [(&'static Encoding, [&str; 3]); 15] = [
            (WINDOWS_1251, ["Группа крови", "Кино", "Лучшие песни"]),
            (KOI8_R, ["Звезда по имени Солнце", "Кино", "Звезда по имени Солнце"]),
            (GBK, ["月亮代表我的心", "邓丽君", "漫步人生路"]),
            (GBK, ["海阔天空", "Beyond", "乐与怒"]),
            (BIG5, ["海闊天空", "陳奕迅", "樂與怒"]),
            (SHIFT_JIS, ["上を向いて歩こう", "坂本九", "ベスト"]),
            (EUC_JP, ["津軽海峡・冬景色", "石川さゆり", "全曲集"]),
            (EUC_KR, ["강남스타일", "싸이", "싸이육갑"]),
            (WINDOWS_1253, ["Ζορμπάς", "Μίκης Θεοδωράκης", "Τα παιδιά του Πειραιά"]),
            (WINDOWS_1254, ["Şımarık", "Tarkan", "Ölürüm Sana"]),
            (WINDOWS_1254, ["Gülümse", "Sezen Aksu", "Gülümse, hadi gülümse"]),
            (WINDOWS_1255, ["ירושלים של זהב", "נעמי שמר", "שירים"]),
            (WINDOWS_1256, ["إنت عمري", "أم كلثوم", "ذكريات"]),
            (WINDOWS_874, ["เพลงรัก", "คาราบาว", "เมดอินไทยแลนด์"]),
            (WINDOWS_1250, ["Lásko, bože, lásko", "Žbirka, Miroslav", "Šťastný deň"]),
        ];
        for (of, song) in songs {
            let values = song.map(|text| Raw::Bytes(of.encode(text).0.into_owned()));
            assert_eq!(read(&values), song, "{}", of.name());
        }
    }

    #[test]
    fn western_names_stay_latin_1() {
        for name in [
            "Björk",
            "Motörhead",
            "Sigur Rós",
            "Ágætis byrjun",
            "Déjà vu",
            "Café Tacvba",
            "Mylène Farmer",
            "Die Ärzte",
            "Blümchen",
            "Maná",
            "Zoé",
            "Håkan Hellström",
            "Røyksopp",
            "Queensrÿche",
            "Beyoncé",
            "Mötley Crüe",
            "Hüsker Dü",
            "Señorita",
            "Élan",
            "À la claire fontaine",
            "Où est-ce que tu vas?",
            "Größenwahn",
            "Für Elise",
            "Íslandsklukkan",
            "Çà et là",
            "São Paulo",
            "Coração",
            "El Niño",
            "Über den Wolken",
            "Sæglópur",
            "naïve",
            "Þursaflokkurinn",
            "¿Quién?",
            "Mañana",
            "Tränen lügen nicht",
            "Ça plane pour moi",
            "L'été indien",
            "Åse",
        ] {
            let bytes = WINDOWS_1252.encode(name).0.into_owned();
            assert_eq!(read(&[Raw::Bytes(bytes)]), [name]);
            assert_eq!(read(&[Raw::unicode(name)]), [name]);
            assert_eq!(read(&[Raw::Bytes(name.as_bytes().to_vec())]), [name]);
        }
    }

    #[test]
    fn mojibake_that_was_stored_as_unicode_is_taken_back() {
        assert_eq!(read(&[Raw::unicode("Ãðóïïà êðîâè"), Raw::unicode("Êèíî")]), ["Группа крови", "Кино"]);
        assert_eq!(read(&[Raw::utf8("DÃ©jÃ\u{a0} Vu".as_bytes())]), ["Déjà Vu"]);
        assert_eq!(read(&[Raw::unicode("Itâ€™s")]), ["It’s"]);
        for text in ["Группа крови", "Ö", "¡Ay!", "Ænima", "°C", "Été", "1÷2", "日本", "Łódź", "İstanbul", "«»"]
        {
            assert_eq!(read(&[Raw::unicode(text)]), [text]);
        }
    }

    #[test]
    fn text_is_one_bounded_line() {
        assert_eq!(clean("  Hey\u{0}\nJude\u{1f} ").as_deref(), Some("Hey  Jude"));
        assert_eq!(clean(" \t\u{0} "), None);
        assert_eq!(clean(&"é".repeat(1000)).map(|text| text.chars().count()), Some(TEXT_CHARS_MAX));
    }

    #[test]
    fn invisible_and_bidirectional_characters_are_removed() {
        assert_eq!(clean("evil\u{202e}gpj.exe").as_deref(), Some("evilgpj.exe"));
        assert_eq!(clean("zero\u{200b}width\u{feff}").as_deref(), Some("zerowidth"));
        assert_eq!(clean("\u{2066}a\u{2069}\u{200f}\u{61c}b\u{ad}c\u{3164}").as_deref(), Some("abc"));
        assert_eq!(clean("\u{feff}\u{200b}\u{200e}"), None);
        assert_eq!(clean("a\u{200d}b\u{200c}").as_deref(), Some("ab"));
        // A joiner inside a Persian word and inside an emoji is part of it.
        for whole in ["می\u{200c}خواهم", "👩\u{200d}🚀"] {
            assert_eq!(clean(whole).as_deref(), Some(whole));
        }
        assert_eq!(clean("Bjo\u{308}rk").as_deref(), Some("Björk"));
    }
}
