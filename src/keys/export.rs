//! The whole ring as one line, for machines that get their secrets from the environment.
//!
//! ```text
//! v1,access-<kid>=<secret>,…,seal-<kid>=<secret>,…,refresh=<secret>,access-signing=<kid>,seal-writing=<kid>
//! ```
//!
//! Entries are called like the files of [`files`](super::files), in any order; secrets are 32 bytes in base64url. Nothing
//! in it means anything to a shell, a unit file or a container's environment. What every line must have stands last, so
//! that a line that was cut off is none.

use std::collections::BTreeMap;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::files::{decode, encode};
use super::id::KeyId;
use super::ring::{FromSecret, KeySet, Ring};
use super::{KeysError, Secret};

const VERSION: &str = "v1";

/// Writes a line.
pub(super) fn write(ring: &Ring) -> SecretString {
    // Large enough from the start for many keys: growing would leave copies behind in memory.
    let mut line = Zeroizing::new(String::with_capacity(16 * 1024));
    line.push_str(VERSION);
    for (id, key) in ring.access.iter() {
        push(&mut line, &format!("access-{id}"), encode(key.secret()).expose_secret());
    }
    for (id, key) in ring.seal.iter() {
        push(&mut line, &format!("seal-{id}"), encode(key.secret()).expose_secret());
    }
    push(&mut line, "refresh", encode(&ring.refresh).expose_secret());
    push(&mut line, "access-signing", &ring.access.active().to_string());
    push(&mut line, "seal-writing", &ring.seal.active().to_string());
    line.as_str().into()
}

/// Reads a line.
pub(super) fn parse(line: &SecretString) -> Result<Ring, KeysError> {
    let mut entries = line.expose_secret().trim().split(',').zip(1..);
    if entries.next().is_none_or(|(version, _)| version != VERSION) {
        return Err(KeysError::Line { entry: 1, reason: "not the version that is known here, v1" });
    }
    let (mut access, mut seal) = (BTreeMap::new(), BTreeMap::new());
    let (mut refresh, mut signing, mut writing) = (None, None, None);
    for (text, entry) in entries {
        let wrong = |reason| KeysError::Line { entry, reason };
        let (name, value) = text.split_once('=').ok_or_else(|| wrong("without a ="))?;
        let secret = || decode(&value.into()).ok_or_else(|| wrong("not 32 bytes in base64url"));
        let id = |text| KeyId::parse(text).ok_or_else(|| wrong("without a key's id"));
        let named_before = match name {
            "refresh" => refresh.replace(secret()?).is_some(),
            "access-signing" => signing.replace(id(value)?).is_some(),
            "seal-writing" => writing.replace(id(value)?).is_some(),
            _ => match name.split_once('-') {
                Some(("access", kid)) => access.insert(id(kid)?, FromSecret::from_secret(secret()?)).is_some(),
                Some(("seal", kid)) => seal.insert(id(kid)?, secret()?).is_some(),
                _ => return Err(wrong("not of a kind that is known here")),
            },
        };
        if named_before {
            return Err(wrong("there is one of this name before it"));
        }
    }
    Ok(Ring {
        access: set(access, signing).ok_or(KeysError::Incomplete("no access-signing that names one of its keys"))?,
        seal: set::<Secret>(seal, writing)
            .ok_or(KeysError::Incomplete("no seal-writing that names one of its keys"))?,
        refresh: refresh.ok_or(KeysError::Incomplete("no refresh"))?,
    })
}

fn set<K>(keys: BTreeMap<KeyId, K>, active: Option<KeyId>) -> Option<KeySet<K>> {
    KeySet::new(keys, active?, None)
}

fn push(line: &mut String, name: &str, value: &str) {
    line.push(',');
    line.push_str(name);
    line.push('=');
    line.push_str(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Folder;

    const NOW_MS: i64 = 1_767_268_800_000;

    /// A line with two keys of each purpose.
    fn line() -> String {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        folder.add(NOW_MS).unwrap();
        folder.rotate(NOW_MS).unwrap();
        folder.export().unwrap().expose_secret().to_owned()
    }

    fn error(line: &str) -> String {
        parse(&line.into()).err().expect("refused").to_string()
    }

    #[test]
    fn a_line_reads_back() {
        let line = line();
        let ring = parse(&line.as_str().into()).unwrap();
        assert_eq!(write(&ring).expose_secret(), line);
        assert_eq!((ring.access.iter().count(), ring.seal.iter().count()), (2, 2));
        assert!(parse(&format!(" {line}\n").into()).is_ok(), "as a shell's $(…) and a file's end leave it");
    }

    #[test]
    fn a_line_is_one_word_in_every_shell() {
        let line = line();
        assert!(line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b",=-_".contains(&byte)), "{line}");
    }

    #[test]
    fn a_line_that_was_cut_off_is_none() {
        let line = line();
        for end in 0..line.len() {
            assert!(parse(&line[..end].into()).is_err(), "{end}");
        }
    }

    /// What somebody could have put there by mistake: anything, or parts of a line in any order.
    fn mistakes() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            Just("v1".to_owned()),
            Just("refresh".to_owned()),
            Just("access-signing".to_owned()),
            Just("seal-writing".to_owned()),
            "(access|seal)-[0-9a-f]{16}",
            ".{0,8}",
        ];
        let value = prop_oneof!["[0-9a-f]{16}", "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", ".{0,50}"];
        let entry = prop_oneof![(name.clone(), value).prop_map(|(name, value)| format!("{name}={value}")), name];
        let line = prop::collection::vec(entry, 0..8).prop_map(|entries| entries.join(","));
        prop_oneof![any::<String>(), line.clone(), line.prop_map(|line| format!("v1,{line}"))]
    }

    proptest! {
        #[test]
        fn whatever_is_put_there_is_read_or_refused_and_never_quoted(text in mistakes()) {
            match parse(&text.as_str().into()) {
                Ok(ring) => prop_assert!(parse(&write(&ring)).is_ok()),
                Err(error) => {
                    let said = format!("{error} {error:?}");
                    // The words of the refusals themselves are shorter, or named in this file.
                    let quoted = text.split([',', '=']).find(|part| part.chars().count() > 15 && said.contains(part));
                    prop_assert_eq!(quoted, None, "{}", said);
                }
            }
        }

        #[test]
        fn one_changed_letter_is_another_ring_or_none(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9,=_-]") {
            let line = write(&Ring::generate(NOW_MS));
            let line = line.expose_secret();
            let at = at.index(line.len());
            prop_assume!(line[at..=at] != letter);
            let changed = format!("{}{letter}{}", &line[..at], &line[at + 1..]);
            if let Ok(ring) = parse(&changed.as_str().into()) {
                let read = write(&ring);
                prop_assert_ne!(read.expose_secret(), line);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_a_word_of_it() {
        let line = line();
        let secret = line.split_once('=').unwrap().1.split_once(',').unwrap().0;
        for (wrong, said) in [
            (String::new(), "entry 1: not the version"),
            (line.replacen("v1", "v2", 1), "entry 1: not the version"),
            (line.replacen('=', "-", 1), "entry 2: without a ="),
            (line.replacen("access-0", "access-X", 1), "entry 2: without a key's id"),
            (line.replacen("access-", "excess-", 1), "entry 2: not of a kind"),
            (line.replacen(secret, &secret[1..], 1), "entry 2: not 32 bytes"),
            (format!("{line},refresh={secret}"), "there is one of this name before it"),
            (line.replacen("refresh=", "seal-00000000000000aa=", 1), "no refresh"),
            (line.replacen("access-signing", "seal-writing", 1), "there is one of this name before it"),
            (line.split_once(",access-signing").unwrap().0.into(), "no access-signing"),
            (line.split_once(",seal-writing").unwrap().0.into(), "no seal-writing"),
        ] {
            let error = error(&wrong);
            assert!(error.contains(said), "{error} instead of {said}");
            assert!(!error.contains(&secret[1..]), "{error}");
        }
    }
}
