//! Adding, rotating and pruning the keys in their folder.
//!
//! A running server sees a change when it reloads its keys. In a cluster a key is added on every node before it is
//! activated on any, so that every node can verify what another one signs.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::key_id::KeyId;
use super::key_ring::{AccessKey, FromSecret, KeySet};
use super::{KeysError, Purpose, RETIRED_KEY_RETENTION, export, generate_secret};
use crate::clock::ms;

/// The folder that stores the keys. All methods block.
#[derive(Clone, Debug)]
pub struct KeyFolder {
    pub(super) dir: PathBuf,
}

/// A key without its secret part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// What the key is for.
    pub purpose: Purpose,
    /// The key's id.
    pub id: KeyId,
    /// Whether the key is active.
    pub state: KeyState,
}

/// The state of a key. Keys of every state verify or decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Signs or encrypts.
    Active {
        /// When it was activated, in Unix milliseconds; unknown if the file was written by hand.
        since_ms: Option<i64>,
    },
    /// Newer than the active key.
    Pending,
    /// Older than the active key.
    Retired,
}

/// The result of pruning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Removed access keys.
    pub removed: Vec<KeyId>,
    /// Access keys that were retired too recently.
    pub kept: Vec<KeyId>,
}

impl KeyFolder {
    /// The key folder of a server with that data directory.
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self { dir: data_dir.join("keys") }
    }

    /// All keys with an id, by purpose, oldest first.
    pub fn list(&self) -> Result<Vec<ListedKey>, KeysError> {
        let ring = self.read()?;
        let mut listed = list(Purpose::Access, &ring.access);
        listed.extend(list(Purpose::Encryption, &ring.encryption));
        Ok(listed)
    }

    /// Adds a pending key of each purpose unless there is one; in an empty folder, a complete key ring. Returns the
    /// added keys.
    pub fn add(&self, now_ms: i64) -> Result<Vec<(Purpose, KeyId)>, KeysError> {
        if self.is_empty()? {
            self.create_missing(now_ms)?;
            return Ok(self.list()?.iter().map(|key| (key.purpose, key.id)).collect());
        }
        let ring = self.read()?;
        let mut added = Vec::new();
        if ring.access.pending().is_none() {
            added.push((Purpose::Access, self.add_access_key(&ring.access, now_ms)?));
        }
        if ring.encryption.pending().is_none() {
            added.push((Purpose::Encryption, self.add_encryption_key(&ring.encryption, now_ms)?));
        }
        Ok(added)
    }

    /// Activates the pending key of each purpose, or a fresh one. Returns the active keys.
    pub fn rotate(&self, now_ms: i64) -> Result<Vec<(Purpose, KeyId)>, KeysError> {
        let ring = self.read()?;
        let access = match ring.access.pending() {
            Some(pending) => pending,
            None => self.add_access_key(&ring.access, now_ms)?,
        };
        let encryption = match ring.encryption.pending() {
            Some(pending) => pending,
            None => self.add_encryption_key(&ring.encryption, now_ms)?,
        };
        self.write_active(Purpose::Access, access, now_ms)?;
        self.write_active(Purpose::Encryption, encryption, now_ms)?;
        Ok(vec![(Purpose::Access, access), (Purpose::Encryption, encryption)])
    }

    /// Removes access keys retired more than [`RETIRED_KEY_RETENTION`] ago. Only the last rotation's time is known, so
    /// it counts for all retired keys.
    pub fn prune(&self, now_ms: i64) -> Result<Pruned, KeysError> {
        let ring = self.read()?;
        let retired: Vec<_> = ring.access.iter().map(|(id, _)| id).filter(|id| *id < ring.access.active()).collect();
        if retired.is_empty() {
            return Ok(Pruned::default());
        }
        let since_ms = ring.access.active_since_ms.ok_or_else(|| KeysError::Malformed {
            path: self.active_path(Purpose::Access),
            reason: "does not say when its key was activated; rotate, and prune an hour later",
        })?;
        if now_ms.saturating_sub(since_ms) <= ms(RETIRED_KEY_RETENTION) {
            return Ok(Pruned { removed: Vec::new(), kept: retired });
        }
        for id in &retired {
            self.remove(Purpose::Access, *id)?;
        }
        Ok(Pruned { removed: retired, kept: Vec::new() })
    }

    /// Removes an inactive encryption key. Data encrypted with it is lost.
    pub fn remove_encryption_key(&self, id: KeyId) -> Result<(), KeysError> {
        let ring = self.read()?;
        if id == ring.encryption.active() {
            return Err(KeysError::NotRemovable("this encryption key is active; rotate first"));
        }
        if ring.encryption.get(id).is_none() {
            return Err(KeysError::NotRemovable("there is no encryption key with this id"));
        }
        self.remove(Purpose::Encryption, id)
    }

    /// The key ring as one line, for [`Keys::from_export`](super::Keys::from_export).
    pub fn export(&self) -> Result<SecretString, KeysError> {
        Ok(export::write(&self.read()?))
    }

    fn add_access_key(&self, keys: &KeySet<AccessKey>, now_ms: i64) -> Result<KeyId, KeysError> {
        let id = KeyId::generate(now_ms, Some(keys.newest()));
        self.write_access_key(id, &AccessKey::from_secret(generate_secret()))?;
        Ok(id)
    }

    fn add_encryption_key(&self, keys: &KeySet<super::Secret>, now_ms: i64) -> Result<KeyId, KeysError> {
        let id = KeyId::generate(now_ms, Some(keys.newest()));
        self.write_encryption_key(id, &generate_secret())?;
        Ok(id)
    }
}

fn list<K>(purpose: Purpose, keys: &KeySet<K>) -> Vec<ListedKey> {
    let state = |id: KeyId| match id.cmp(&keys.active()) {
        std::cmp::Ordering::Less => KeyState::Retired,
        std::cmp::Ordering::Equal => KeyState::Active { since_ms: keys.active_since_ms },
        std::cmp::Ordering::Greater => KeyState::Pending,
    };
    keys.iter().map(|(id, _)| ListedKey { purpose, id, state: state(id) }).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const NOW_MS: i64 = 1_767_268_800_000;
    const MINUTE_MS: i64 = 60_000;

    /// Runs one command a word (`later` is 61 minutes) and compares the states of the keys of both purposes at the end.
    #[track_caller]
    fn check(story: &str, expected: &Expect) {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        let mut now_ms = NOW_MS;
        for word in story.split_ascii_whitespace() {
            now_ms += 1;
            match word {
                "start" => folder.create_missing(now_ms).unwrap(),
                "add" => drop(folder.add(now_ms).unwrap()),
                "rotate" => drop(folder.rotate(now_ms).unwrap()),
                "prune" => drop(folder.prune(now_ms).unwrap()),
                "later" => now_ms += 61 * MINUTE_MS,
                other => panic!("unknown command {other}"),
            }
        }
        let states = |purpose| {
            let keys =
                folder.list().unwrap().into_iter().filter(|key| key.purpose == purpose).map(|key| match key.state {
                    KeyState::Active { .. } => "active",
                    KeyState::Pending => "pending",
                    KeyState::Retired => "retired",
                });
            keys.collect::<Vec<_>>().join(" ")
        };
        expected.assert_eq(&format!("access {} · encryption {}", states(Purpose::Access), states(Purpose::Encryption)));
    }

    #[test]
    fn a_single_node_rotates_in_one_step() {
        check("start", &expect!["access active · encryption active"]);
        check("start rotate", &expect!["access retired active · encryption retired active"]);
        check("start rotate rotate", &expect!["access retired retired active · encryption retired retired active"]);
    }

    #[test]
    fn a_cluster_adds_keys_before_it_rotates() {
        check("start add", &expect!["access active pending · encryption active pending"]);
        check("start add add", &expect!["access active pending · encryption active pending"]);
        check("start add rotate", &expect!["access retired active · encryption retired active"]);
        check("start add rotate rotate", &expect!["access retired retired active · encryption retired retired active"]);
    }

    #[test]
    fn a_folder_can_be_created_without_a_server() {
        check("add", &expect!["access active · encryption active"]);
        check("add add rotate", &expect!["access retired active · encryption retired active"]);
    }

    #[test]
    fn pruning_removes_access_keys_an_hour_after_retirement_and_keeps_encryption_keys() {
        check("start prune", &expect!["access active · encryption active"]);
        check("start rotate prune", &expect!["access retired active · encryption retired active"]);
        check("start rotate later prune", &expect!["access active · encryption retired active"]);
        check("start later rotate prune", &expect!["access retired active · encryption retired active"]);
        check("start add later prune", &expect!["access active pending · encryption active pending"]);
        check("start rotate later add prune", &expect!["access active pending · encryption retired active pending"]);
    }

    #[test]
    fn pruning_needs_the_activation_time() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        folder.create_missing(NOW_MS).unwrap();
        let [(_, id), _] = folder.rotate(NOW_MS).unwrap()[..] else { panic!("two keys are active") };
        std::fs::write(dir.path().join("keys/access-signing"), id.to_string()).unwrap();
        let error = folder.prune(NOW_MS + 1000 * MINUTE_MS).unwrap_err().to_string();
        assert!(error.contains("access-signing"), "{error}");
        assert_eq!(folder.list().unwrap().len(), 4);
    }

    #[test]
    fn only_an_inactive_encryption_key_can_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        folder.create_missing(NOW_MS).unwrap();
        let old = folder.read().unwrap().encryption.active();
        assert!(matches!(folder.remove_encryption_key(old), Err(KeysError::NotRemovable(_))));
        folder.rotate(NOW_MS + 1).unwrap();
        let access = folder.read().unwrap().access.active();
        assert!(matches!(folder.remove_encryption_key(access), Err(KeysError::NotRemovable(_))));
        folder.remove_encryption_key(old).unwrap();
        assert!(folder.read().unwrap().encryption.get(old).is_none());
    }

    #[test]
    fn commands_other_than_add_create_no_keys() {
        let dir = tempfile::tempdir().unwrap();
        let folder = KeyFolder::in_data_dir(dir.path());
        assert!(folder.list().is_err() && folder.rotate(NOW_MS).is_err() && folder.prune(NOW_MS).is_err());
        assert!(folder.export().is_err());
        assert!(!dir.path().join("keys").exists());
    }
}
