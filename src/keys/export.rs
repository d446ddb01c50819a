//! The key ring as one line, for machines that get their secrets from the environment.
//!
//! ```text
//! v1,access-<kid>=<secret>,…,seal-<kid>=<secret>,…,refresh=<secret>,access-signing=<kid>,seal-writing=<kid>
//! ```
//!
//! Entries are named like the files of [`folder`](super::folder), in any order; secrets are 32 bytes in base64url. No
//! character needs quoting in a shell, a unit file or a container's environment. Required entries come last, so that a
//! truncated line is rejected.

use std::collections::BTreeMap;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::folder::{decode, encode};
use super::key_id::KeyId;
use super::key_ring::{FromSecret, KeyRing, KeySet};
use super::{KeysError, Secret};

const VERSION: &str = "v1";

/// Serializes the key ring.
pub(super) fn write(ring: &KeyRing) -> SecretString {
    // Preallocated for many keys: reallocation would leave copies of secrets in memory.
    let mut line = Zeroizing::new(String::with_capacity(16 * 1024));
    line.push_str(VERSION);
    for (id, key) in ring.access.iter() {
        push(&mut line, &format!("access-{id}"), encode(key.secret()).expose_secret());
    }
    for (id, key) in ring.encryption.iter() {
        push(&mut line, &format!("seal-{id}"), encode(key.secret()).expose_secret());
    }
    push(&mut line, "refresh", encode(&ring.refresh).expose_secret());
    push(&mut line, "access-signing", &ring.access.active().to_string());
    push(&mut line, "seal-writing", &ring.encryption.active().to_string());
    line.as_str().into()
}

/// Parses a line from [`write()`].
pub(super) fn parse(line: &SecretString) -> Result<KeyRing, KeysError> {
    let mut entries = line.expose_secret().trim().split(',').zip(1..);
    if entries.next().is_none_or(|(version, _)| version != VERSION) {
        return Err(KeysError::MalformedExport { entry: 1, reason: "unknown version, expected v1" });
    }
    let (mut access, mut encryption) = (BTreeMap::new(), BTreeMap::new());
    let (mut refresh, mut active_access, mut active_encryption) = (None, None, None);
    for (text, entry) in entries {
        let malformed = |reason| KeysError::MalformedExport { entry, reason };
        let (name, value) = text.split_once('=').ok_or_else(|| malformed("no ="))?;
        let secret = || decode(&value.into()).ok_or_else(|| malformed("not 32 bytes in base64url"));
        let id = |text| KeyId::parse(text).ok_or_else(|| malformed("no valid key id"));
        let is_duplicate = match name {
            "refresh" => refresh.replace(secret()?).is_some(),
            "access-signing" => active_access.replace(id(value)?).is_some(),
            "seal-writing" => active_encryption.replace(id(value)?).is_some(),
            _ => match name.split_once('-') {
                Some(("access", kid)) => access.insert(id(kid)?, FromSecret::from_secret(secret()?)).is_some(),
                Some(("seal", kid)) => encryption.insert(id(kid)?, secret()?).is_some(),
                _ => return Err(malformed("unknown name")),
            },
        };
        if is_duplicate {
            return Err(malformed("duplicate name"));
        }
    }
    Ok(KeyRing {
        access: key_set(access, active_access)
            .ok_or(KeysError::IncompleteExport("access-signing is missing or names no key of the line"))?,
        encryption: key_set::<Secret>(encryption, active_encryption)
            .ok_or(KeysError::IncompleteExport("seal-writing is missing or names no key of the line"))?,
        refresh: refresh.ok_or(KeysError::IncompleteExport("refresh is missing"))?,
    })
}

fn key_set<K>(keys: BTreeMap<KeyId, K>, active: Option<KeyId>) -> Option<KeySet<K>> {
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
    use crate::keys::KeyFolder;

    const NOW_MS: i64 = 1_767_268_800_000;

    /// A line with two keys of each purpose.
    fn line() -> String {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        folder.add(NOW_MS).unwrap();
        folder.rotate(NOW_MS).unwrap();
        folder.export().unwrap().expose_secret().to_owned()
    }

    fn error(line: &str) -> String {
        parse(&line.into()).err().expect("rejected").to_string()
    }

    #[test]
    fn a_line_round_trips() {
        let line = line();
        let ring = parse(&line.as_str().into()).unwrap();
        assert_eq!(write(&ring).expose_secret(), line);
        assert_eq!((ring.access.iter().count(), ring.encryption.iter().count()), (2, 2));
        assert!(parse(&format!(" {line}\n").into()).is_ok(), "surrounding whitespace is ignored");
    }

    #[test]
    fn a_line_needs_no_quoting_in_a_shell() {
        let line = line();
        assert!(line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b",=-_".contains(&byte)), "{line}");
    }

    #[test]
    fn a_truncated_line_is_rejected() {
        let line = line();
        for end in 0..line.len() {
            assert!(parse(&line[..end].into()).is_err(), "{end}");
        }
    }

    /// Arbitrary text, or parts of a line in any order.
    fn malformed_lines() -> impl Strategy<Value = String> {
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
        fn any_text_is_parsed_or_rejected_without_being_quoted(text in malformed_lines()) {
            match parse(&text.as_str().into()) {
                Ok(ring) => prop_assert!(parse(&write(&ring)).is_ok()),
                Err(error) => {
                    let said = format!("{error} {error:?}");
                    // The words of the error messages themselves are shorter, or named in this file.
                    let quoted = text.split([',', '=']).find(|part| part.chars().count() > 15 && said.contains(part));
                    prop_assert_eq!(quoted, None, "{}", said);
                }
            }
        }

        #[test]
        fn one_changed_character_gives_another_key_ring_or_an_error(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9,=_-]") {
            let line = write(&KeyRing::generate(NOW_MS));
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
    fn errors_name_the_problem_without_quoting_the_line() {
        let line = line();
        let secret = line.split_once('=').unwrap().1.split_once(',').unwrap().0;
        for (wrong, expected) in [
            (String::new(), "entry 1: unknown version"),
            (line.replacen("v1", "v2", 1), "entry 1: unknown version"),
            (line.replacen('=', "-", 1), "entry 2: no ="),
            (line.replacen("access-0", "access-X", 1), "entry 2: no valid key id"),
            (line.replacen("access-", "excess-", 1), "entry 2: unknown name"),
            (line.replacen(secret, &secret[1..], 1), "entry 2: not 32 bytes"),
            (format!("{line},refresh={secret}"), "duplicate name"),
            (line.replacen("refresh=", "seal-00000000000000aa=", 1), "refresh is missing"),
            (line.replacen("access-signing", "seal-writing", 1), "duplicate name"),
            (line.split_once(",access-signing").unwrap().0.into(), "access-signing is missing"),
            (line.split_once(",seal-writing").unwrap().0.into(), "seal-writing is missing"),
        ] {
            let error = error(&wrong);
            assert!(error.contains(expected), "{error} instead of {expected}");
            assert!(!error.contains(&secret[1..]), "{error}");
        }
    }
}
