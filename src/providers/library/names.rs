//! What a path says about a track without tags.
//!
//! Understands `Artist/Album/01 - Title`, `Artist - Title`, folders of discs, and folders that are no artist, such as
//! `Downloads`. Also which files may be music at all, and which folders are rubbish.

/// Extensions of music files.
const MUSIC: [&str; 39] = [
    "mp3", "mp2", "mp1", "mpga", "m4a", "m4b", "m4p", "m4r", "mp4", "aac", "adts", "flac", "ogg", "oga", "opus", "spx",
    "wav", "wave", "w64", "rf64", "bwf", "aif", "aiff", "aifc", "webm", "mka", "weba", "wma", "ape", "wv", "mpc",
    "ac3", "eac3", "dts", "dsf", "dff", "tta", "tak", "au",
];
/// Extensions of everything else that lies in music folders. What has none of all these is looked into.
const NOT_MUSIC: [&str; 73] = [
    "jpg",
    "jpeg",
    "png",
    "gif",
    "webp",
    "bmp",
    "tif",
    "tiff",
    "svg",
    "heic",
    "avif",
    "ico",
    "psd",
    "txt",
    "nfo",
    "log",
    "cue",
    "m3u",
    "m3u8",
    "pls",
    "xspf",
    "wpl",
    "asx",
    "sfv",
    "md5",
    "sha1",
    "sha256",
    "ffp",
    "accurip",
    "lrc",
    "srt",
    "pdf",
    "doc",
    "docx",
    "rtf",
    "htm",
    "html",
    "url",
    "lnk",
    "webloc",
    "xml",
    "json",
    "csv",
    "ini",
    "db",
    "plist",
    "opf",
    "epub",
    "zip",
    "rar",
    "7z",
    "gz",
    "tar",
    "tgz",
    "iso",
    "bin",
    "torrent",
    "part",
    "crdownload",
    "tmp",
    "mid",
    "midi",
    "avi",
    "mkv",
    "mov",
    "wmv",
    "mpg",
    "mpeg",
    "m4v",
    "vob",
    "flv",
    "exe",
    "dll",
];
/// Folders, in lower case, that do not name an artist or album.
const PLACES: [&str; 37] = [
    "downloads",
    "download",
    "music",
    "my music",
    "musik",
    "meine musik",
    "musique",
    "música",
    "musica",
    "muziek",
    "audio",
    "mp3",
    "mp3s",
    "flac",
    "songs",
    "tracks",
    "albums",
    "artists",
    "singles",
    "media",
    "library",
    "itunes",
    "itunes media",
    "itunes music",
    "youtube",
    "recordings",
    "shared",
    "public",
    "desktop",
    "new folder",
    "neuer ordner",
    "unsorted",
    "misc",
    "temp",
    "tmp",
    "incoming",
    "unknown album",
];
/// Names, in lower case, of the artist of an album by several artists.
const VARIOUS: [&str; 12] = [
    "various",
    "various artists",
    "va",
    "v.a.",
    "v/a",
    "compilations",
    "compilation",
    "soundtracks",
    "soundtrack",
    "verschiedene interpreten",
    "artistes divers",
    "varios artistas",
];
/// Words, in lower case, that begin the name of a disc's folder.
const DISCS: [&str; 7] = ["cd", "disc", "disk", "disque", "dvd", "lp", "vinyl"];
/// Folders and files, in lower case, that NAS systems and desktops create.
const RUBBISH: [&str; 8] = [
    "@eadir",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "@recycle",
    "__macosx",
];

/// Whether a file may be music, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likely {
    /// It is called like music.
    Music,
    /// Its contents have to tell.
    Perhaps,
    /// It is something else.
    No,
}

/// Whether the file of this name may be music.
pub fn likely(name: &str) -> Likely {
    match extension(name) {
        Some(extension) if MUSIC.contains(&extension.as_str()) => Likely::Music,
        Some(extension) if NOT_MUSIC.contains(&extension.as_str()) => Likely::No,
        _ => Likely::Perhaps,
    }
}

/// Whether a file of this name is music even if it has moving pictures: chapters of an audio book, say.
pub fn is_audio_only(name: &str) -> bool {
    extension(name)
        .is_some_and(|extension| !matches!(extension.as_str(), "mp4" | "webm") && MUSIC.contains(&extension.as_str()))
}

/// Whether a file or folder of this name is left out: hidden, or made by a NAS or a desktop.
pub fn is_rubbish(name: &[u8]) -> bool {
    name.starts_with(b".")
        || std::str::from_utf8(name).is_ok_and(|name| RUBBISH.contains(&name.to_lowercase().as_str()))
}

/// Whether this is the artist of an album by several artists.
pub fn is_various(artist: &str) -> bool {
    VARIOUS.contains(&artist.to_lowercase().as_str())
}

/// Whether a folder of this name holds one disc of an album.
pub fn is_disc_folder(name: &str) -> bool {
    disc(name).is_some()
}

/// The file's name without folders and extension.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 5 && !extension.contains(' ') => stem,
        _ => name,
    }
}

/// What a path says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The title; empty if the file's name is.
    pub title: String,
    /// The artist.
    pub artist: Option<String>,
    /// The album.
    pub album: Option<String>,
    /// Number of the disc.
    pub disc: Option<u32>,
    /// Number of the track.
    pub number: Option<u32>,
    /// Year of the album.
    pub year: Option<u32>,
}

impl Names {
    /// Reads a path in the library, with forward slashes.
    pub fn of(path: &str) -> Self {
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        let mut names = Self::of_folders(folders.split('/').filter(|folder| !folder.is_empty()).collect());
        let stem = stem(path);
        let spaced = if stem.contains(' ') { stem.to_owned() } else { stem.replace('_', " ") };
        let (disc, number, rest) = numbered(spaced.trim(), names.album.is_some());
        names.disc = disc.or(names.disc);
        names.number = number;
        names.name_track(rest);
        names
    }

    fn of_folders(mut folders: Vec<&str>) -> Self {
        let mut names = Self::default();
        while let Some(number) = folders.last().and_then(|folder| disc(folder)) {
            names.disc = names.disc.or(Some(number));
            folders.pop();
        }
        folders.retain(|folder| !PLACES.contains(&folder.to_lowercase().as_str()) && folder.chars().count() > 1);
        match *folders.as_slice() {
            [] => {}
            [folder] => match folder.split_once(" - ") {
                Some((artist, album)) if plain_number(artist).is_none() => {
                    names.artist = Some(artist.trim().to_owned());
                    names.name_album(album);
                }
                _ if names.disc.is_some() => names.name_album(folder),
                _ => names.artist = Some(folder.to_owned()),
            },
            [.., artist, album] => {
                let repeated = album.split_once(" - ").filter(|(first, _)| same(first, artist));
                names.artist = Some(artist.to_owned());
                names.name_album(repeated.map_or(album, |(_, album)| album));
            }
        }
        names
    }

    /// `2004 - Album`, `(2004) Album`, `[2004] Album` and `Album (2004)`.
    fn name_album(&mut self, folder: &str) {
        let folder = folder.trim();
        let year = |text: &str| {
            let text = text.trim().trim_matches(['(', ')', '[', ']']);
            (text.len() == 4).then(|| text.parse().ok().filter(|year| (1900..2100).contains(year)))?
        };
        let found = folder
            .split_once(" - ")
            .or_else(|| folder.split_once(") ").or_else(|| folder.split_once("] ")))
            .and_then(|(first, rest)| Some((year(first)?, rest)))
            .or_else(|| {
                folder
                    .rsplit_once(" (")
                    .or_else(|| folder.rsplit_once(" ["))
                    .and_then(|(rest, last)| Some((year(last)?, rest)))
            });
        let (year, album) = found.map_or((None, folder), |(year, album)| (Some(year), album.trim()));
        self.year = year;
        self.album = Some(album.to_owned());
    }

    /// `Title`, `Artist - Title`, `Artist - 01 - Title` and `Artist - Album - 01 - Title`.
    fn name_track(&mut self, name: &str) {
        let parts: Vec<&str> = name.split(" - ").map(str::trim).filter(|part| !part.is_empty()).collect();
        let (before, title) = match parts.iter().rposition(|part| plain_number(part).is_some()) {
            Some(at) if at + 1 < parts.len() && at > 0 => {
                self.number = self.number.or_else(|| plain_number(parts[at]));
                (parts[..at].to_vec(), parts[at + 1..].join(" - "))
            }
            _ => match parts.as_slice() {
                [] => (Vec::new(), name.to_owned()),
                [title] => (Vec::new(), (*title).to_owned()),
                [artist, rest @ ..] => {
                    let of_folder = self.artist.as_ref().filter(|_| self.album.is_some()).filter(|of| !is_various(of));
                    if of_folder.is_some_and(|of| !same(of, artist)) {
                        // In an artist's folder a dash is part of the title.
                        (Vec::new(), parts.join(" - "))
                    } else if let ([album, title @ ..], Some(of)) = (rest, &self.album)
                        && !title.is_empty()
                        && same(album, of)
                    {
                        (vec![*artist, *album], title.join(" - "))
                    } else {
                        (vec![*artist], rest.join(" - "))
                    }
                }
            },
        };
        self.title = title;
        if let Some(artist) = before.first() {
            self.artist = Some((*artist).to_owned());
        }
        if let (Some(album), None) = (before.get(1), &self.album) {
            self.album = Some((*album).to_owned());
        }
    }
}

/// Whether two names are the same to people.
pub fn same(a: &str, b: &str) -> bool {
    let letters = |name: &str| name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    letters(a) == letters(b)
}

fn extension(name: &str) -> Option<String> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(extension.to_ascii_lowercase())
}

/// The number of the disc whose folder has this name.
fn disc(folder: &str) -> Option<u32> {
    let lower = folder.to_lowercase();
    let rest = DISCS.iter().find_map(|word| lower.strip_prefix(word))?;
    let rest = rest.trim_start_matches([' ', '_', '-', '.', '#']);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let after = &rest[digits..];
    let ends = after.is_empty() || after.starts_with([' ', '_', '-', '.', '(', '[', ':']);
    (digits <= 2 && ends).then(|| rest[..digits].parse().ok())?
}

fn plain_number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// Disc, number and the rest of `01 - Rest`, `01. Rest`, `1-01 Rest` and `(01) Rest`. A number that only a space separates
/// may be the title's own (`99 Luftballons`): it counts with a leading zero, or if it is small and in an album's folder.
fn numbered(name: &str, in_album: bool) -> (Option<u32>, Option<u32>, &str) {
    let nothing = (None, None, name);
    let bare = name.trim_start_matches(['(', '[']);
    let bracketed = bare.len() < name.len();
    let digits = bare.find(|c: char| !c.is_ascii_digit()).unwrap_or(bare.len());
    let (first, after) = bare.split_at(digits);
    let Some(number) = plain_number(first) else { return nothing };
    // Disc and track: `1-01`, `2.05`.
    if let Some(rest) = after.strip_prefix(['-', '.'])
        && number < 20
        && rest.len() > 2
        && let Some(track) = rest.get(..2).and_then(plain_number)
        && rest[2..].starts_with([' ', '-', '.', '_'])
    {
        let rest = rest[2..].trim_start_matches([' ', '-', '.', '_']);
        return if rest.is_empty() { nothing } else { (Some(number), Some(track), rest) };
    }
    let rest = after.trim_start_matches([' ', '-', '.', '_', ')', ']', '–', '—']);
    let separator = &after[..after.len() - rest.len()];
    let certain = bracketed && separator.starts_with([')', ']'])
        || separator.starts_with(['.', '_', ')', '-'])
        || separator.contains(['-', '–', '—'])
        || first.starts_with('0') && first.len() > 1;
    if rest.is_empty() || separator.is_empty() || !(certain || in_album && first.len() == 2 && number < 40) {
        return nothing;
    }
    // `3.14` or `4-Ever` is not a numbered title.
    if separator.len() == 1 && separator != " " && separator != "_" && first.len() == 1 && !bracketed {
        return nothing;
    }
    (None, Some(number), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Title, artist, album, and disc, number and year with 0 for none.
    fn line(path: &str) -> String {
        let Names { title, artist, album, disc, number, year } = Names::of(path);
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let numbers = [disc, number, year].map(Option::unwrap_or_default);
        format!("{title} | {} | {} | {numbers:?}", text(artist), text(album))
    }

    #[test]
    fn paths_are_read_as_people_name_them() {
        for (path, expected) in [
            (
                "Pink Floyd/The Wall/CD1/03 - Another Brick in the Wall.mp3",
                "Another Brick in the Wall | Pink Floyd | The Wall | [1, 3, 0]",
            ),
            ("Downloads/Adele - Hello.mp3", "Hello | Adele | - | [0, 0, 0]"),
            ("Adele - Hello.mp3", "Hello | Adele | - | [0, 0, 0]"),
            ("Nina Simone/Live/01 Feeling Good.wav", "Feeling Good | Nina Simone | Live | [0, 1, 0]"),
            ("Music/Nina Simone/Live/Disc 2/07. Sinnerman.flac", "Sinnerman | Nina Simone | Live | [2, 7, 0]"),
            ("Rock/Pink Floyd/1979 - The Wall/1-05 Mother.mp3", "Mother | Pink Floyd | The Wall | [1, 5, 1979]"),
            (
                "Pink Floyd/The Wall (1979)/Pink Floyd - 05 - Mother.mp3",
                "Mother | Pink Floyd | The Wall | [0, 5, 1979]",
            ),
            ("Pink Floyd/[1979] The Wall/05 Mother.mp3", "Mother | Pink Floyd | The Wall | [0, 5, 1979]"),
            (
                "Pink Floyd/The Wall/03 - Another Brick in the Wall - Part 2.mp3",
                "Another Brick in the Wall - Part 2 | Pink Floyd | The Wall | [0, 3, 0]",
            ),
            ("Pink Floyd/Pink Floyd - The Wall/05_Mother.mp3", "Mother | Pink Floyd | The Wall | [0, 5, 0]"),
            ("Pink Floyd - The Wall/05 - Mother.mp3", "Mother | Pink Floyd | The Wall | [0, 5, 0]"),
            ("Pink Floyd - The Wall/CD 2/Hey You.mp3", "Hey You | Pink Floyd | The Wall | [2, 0, 0]"),
            ("Pink Floyd - The Wall - 05 - Mother.mp3", "Mother | Pink Floyd | The Wall | [0, 5, 0]"),
            ("Various Artists/Hits/04 - ABBA - Waterloo.mp3", "Waterloo | ABBA | Hits | [0, 4, 0]"),
            ("Compilations/Hits/ABBA - Waterloo.mp3", "Waterloo | ABBA | Hits | [0, 0, 0]"),
            ("Party/Adele - Hello.mp3", "Hello | Adele | - | [0, 0, 0]"),
            ("Adele/Adele - Hello.mp3", "Hello | Adele | - | [0, 0, 0]"),
            ("Adele/Hello.mp3", "Hello | Adele | - | [0, 0, 0]"),
            ("Downloads/hello.mp3", "hello | - | - | [0, 0, 0]"),
            ("Nena/Nena/99 Luftballons.mp3", "99 Luftballons | Nena | Nena | [0, 0, 0]"),
            ("99 Luftballons.mp3", "99 Luftballons | - | - | [0, 0, 0]"),
            ("7 Rings.mp3", "7 Rings | - | - | [0, 0, 0]"),
            ("1979.mp3", "1979 | - | - | [0, 0, 0]"),
            ("3.14.mp3", "3.14 | - | - | [0, 0, 0]"),
            ("01.mp3", "01 | - | - | [0, 0, 0]"),
            ("(04) Blue.mp3", "Blue | - | - | [0, 4, 0]"),
            ("03_-_some_name.mp3", "some name | - | - | [0, 3, 0]"),
            ("no extension", "no extension | - | - | [0, 0, 0]"),
            ("Mr. Big", "Mr. Big | - | - | [0, 0, 0]"),
            ("CD1/Blue.mp3", "Blue | - | - | [1, 0, 0]"),
            ("The Wall/CD1/Blue.mp3", "Blue | - | The Wall | [1, 0, 0]"),
            ("CDs of Ana/x.mp3", "x | CDs of Ana | - | [0, 0, 0]"),
            ("a/Ana/b.mp3", "b | Ana | - | [0, 0, 0]"),
        ] {
            assert_eq!(line(path), expected, "{path}");
        }
    }

    #[test]
    fn any_path_has_names() {
        for path in ["", "/", " - ", "01 - ", "- - -", "/.mp3", "CD1/CD2/01 -", "((", "1-01", "1-01 ", "é-é", "０１ x"]
        {
            let _ = Names::of(path);
        }
    }

    #[test]
    fn files_are_judged_by_extension_first() {
        assert_eq!(likely("A.MP3"), Likely::Music);
        assert_eq!(likely("cover.jpg"), Likely::No);
        assert_eq!(likely("strange.xyz"), Likely::Perhaps);
        assert_eq!(likely("none"), Likely::Perhaps);
        assert!(is_audio_only("book.m4b") && !is_audio_only("film.mp4") && !is_audio_only("film"));
    }

    #[test]
    fn folders_of_nas_systems_are_rubbish() {
        for name in ["@eaDir", "#recycle", "$RECYCLE.BIN", ".Trash-1000", "lost+found", "._track.mp3", ".git"] {
            assert!(is_rubbish(name.as_bytes()), "{name}");
        }
        for name in ["Recycle", "...", "#1 Hits", "@home", "$"] {
            assert_eq!(is_rubbish(name.as_bytes()), name.starts_with('.'), "{name}");
        }
    }
}
