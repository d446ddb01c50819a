//! Adding, exchanging and removing keys in their folder.
//!
//! A running server takes no notice until it reads its keys anew. On several nodes a key is added everywhere before it
//! signs anywhere, so that whatever one node signs, every other verifies.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::id::KeyId;
use super::ring::{AccessKey, FromSecret, KeySet};
use super::{KeysError, Purpose, STOPPED_KEY_KEPT, export, generate_secret};

/// The folder that keys are kept in. All of its methods block.
#[derive(Clone, Debug)]
pub struct Folder {
    pub(super) dir: PathBuf,
}

/// A key, without what is secret about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is for.
    pub purpose: Purpose,
    /// What it is called.
    pub id: KeyId,
    /// Whether it is in use.
    pub state: State,
}

/// Whether a key is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Signs, or writes.
    Active {
        /// Since when, in Unix milliseconds; unknown if somebody wrote the file by hand.
        since_ms: Option<i64>,
    },
    /// Verifies or opens, and is newer than the one in use.
    Waiting,
    /// Verifies or opens, and is older than the one in use.
    Stopped,
}

/// What pruning did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Access keys that are gone.
    pub removed: Vec<KeyId>,
    /// Access keys that stopped signing too short a time ago.
    pub kept: Vec<KeyId>,
}

impl Folder {
    /// Where a server with that data directory keeps its keys.
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self { dir: data_dir.join("keys") }
    }

    /// Every key that has an id, by purpose, from the oldest to the newest.
    pub fn list(&self) -> Result<Vec<Listed>, KeysError> {
        let ring = self.read()?;
        let mut listed = list(Purpose::Access, &ring.access);
        listed.extend(list(Purpose::Seal, &ring.seal));
        Ok(listed)
    }

    /// Publishes a key of each purpose that is not in use yet, unless one is waiting already; in an empty folder, a whole
    /// ring. What was added.
    pub fn add(&self, now_ms: i64) -> Result<Vec<(Purpose, KeyId)>, KeysError> {
        if self.is_empty()? {
            self.make(now_ms)?;
            return Ok(self.list()?.iter().map(|key| (key.purpose, key.id)).collect());
        }
        let ring = self.read()?;
        let mut added = Vec::new();
        if ring.access.waiting().is_none() {
            added.push((Purpose::Access, self.add_access(&ring.access, now_ms)?));
        }
        if ring.seal.waiting().is_none() {
            added.push((Purpose::Seal, self.add_seal(&ring.seal, now_ms)?));
        }
        Ok(added)
    }

    /// The newest key of each purpose is the one in use from now on; where it is that already, a fresh one. What is in use.
    pub fn rotate(&self, now_ms: i64) -> Result<Vec<(Purpose, KeyId)>, KeysError> {
        let ring = self.read()?;
        let access = match ring.access.waiting() {
            Some(waiting) => waiting,
            None => self.add_access(&ring.access, now_ms)?,
        };
        let seal = match ring.seal.waiting() {
            Some(waiting) => waiting,
            None => self.add_seal(&ring.seal, now_ms)?,
        };
        self.write_active(Purpose::Access, access, now_ms)?;
        self.write_active(Purpose::Seal, seal, now_ms)?;
        Ok(vec![(Purpose::Access, access), (Purpose::Seal, seal)])
    }

    /// Removes access keys that stopped signing longer than [`STOPPED_KEY_KEPT`] ago. Only the last exchange is known, so
    /// all older keys count from there.
    pub fn prune(&self, now_ms: i64) -> Result<Pruned, KeysError> {
        let ring = self.read()?;
        let stopped: Vec<_> = ring.access.iter().map(|(id, _)| id).filter(|id| *id < ring.access.active()).collect();
        if stopped.is_empty() {
            return Ok(Pruned::default());
        }
        let since_ms = ring.access.active_since_ms.ok_or_else(|| KeysError::Unreadable {
            path: self.active_path(Purpose::Access),
            reason: "does not say since when its key signs; rotate, and prune an hour later",
        })?;
        if now_ms.saturating_sub(since_ms) <= in_ms(STOPPED_KEY_KEPT) {
            return Ok(Pruned { removed: Vec::new(), kept: stopped });
        }
        for id in &stopped {
            self.remove(Purpose::Access, *id)?;
        }
        Ok(Pruned { removed: stopped, kept: Vec::new() })
    }

    /// Removes a sealing key that does not write. Whatever is sealed with it cannot be opened ever again.
    pub fn remove_sealing(&self, id: KeyId) -> Result<(), KeysError> {
        let ring = self.read()?;
        if id == ring.seal.active() {
            return Err(KeysError::NotRemovable("the sealing key that writes stays; rotate first"));
        }
        if ring.seal.get(id).is_none() {
            return Err(KeysError::NotRemovable("there is no sealing key with this id"));
        }
        self.remove(Purpose::Seal, id)
    }

    /// The whole ring as one line, for [`Keys::from_line`](super::Keys::from_line).
    pub fn export(&self) -> Result<SecretString, KeysError> {
        Ok(export::write(&self.read()?))
    }

    fn add_access(&self, keys: &KeySet<AccessKey>, now_ms: i64) -> Result<KeyId, KeysError> {
        let id = KeyId::generate(now_ms, Some(keys.newest()));
        self.write_access(id, &AccessKey::from_secret(generate_secret()))?;
        Ok(id)
    }

    fn add_seal(&self, keys: &KeySet<super::Secret>, now_ms: i64) -> Result<KeyId, KeysError> {
        let id = KeyId::generate(now_ms, Some(keys.newest()));
        self.write_seal(id, &generate_secret())?;
        Ok(id)
    }
}

fn list<K>(purpose: Purpose, keys: &KeySet<K>) -> Vec<Listed> {
    let state = |id: KeyId| match id.cmp(&keys.active()) {
        std::cmp::Ordering::Less => State::Stopped,
        std::cmp::Ordering::Equal => State::Active { since_ms: keys.active_since_ms },
        std::cmp::Ordering::Greater => State::Waiting,
    };
    keys.iter().map(|(id, _)| Listed { purpose, id, state: state(id) }).collect()
}

fn in_ms(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const NOW_MS: i64 = 1_767_268_800_000;
    const MINUTE_MS: i64 = 60_000;

    /// Tells a story in words of one command each, `later` being an hour and a minute, and compares the states that keys
    /// of both purposes are in at its end.
    #[track_caller]
    fn check(story: &str, expected: &Expect) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        let mut now_ms = NOW_MS;
        for word in story.split_ascii_whitespace() {
            now_ms += 1;
            match word {
                "start" => folder.make(now_ms).unwrap(),
                "add" => drop(folder.add(now_ms).unwrap()),
                "rotate" => drop(folder.rotate(now_ms).unwrap()),
                "prune" => drop(folder.prune(now_ms).unwrap()),
                "later" => now_ms += 61 * MINUTE_MS,
                other => panic!("{other} is no command"),
            }
        }
        let states = |purpose| {
            let keys =
                folder.list().unwrap().into_iter().filter(|key| key.purpose == purpose).map(|key| match key.state {
                    State::Active { .. } => "active",
                    State::Waiting => "waiting",
                    State::Stopped => "stopped",
                });
            keys.collect::<Vec<_>>().join(" ")
        };
        expected.assert_eq(&format!("access {} · seal {}", states(Purpose::Access), states(Purpose::Seal)));
    }

    #[test]
    fn one_node_rotates_at_once() {
        check("start", &expect!["access active · seal active"]);
        check("start rotate", &expect!["access stopped active · seal stopped active"]);
        check("start rotate rotate", &expect!["access stopped stopped active · seal stopped stopped active"]);
    }

    #[test]
    fn several_nodes_publish_first() {
        check("start add", &expect!["access active waiting · seal active waiting"]);
        check("start add add", &expect!["access active waiting · seal active waiting"]);
        check("start add rotate", &expect!["access stopped active · seal stopped active"]);
        check("start add rotate rotate", &expect!["access stopped stopped active · seal stopped stopped active"]);
    }

    #[test]
    fn a_folder_can_be_filled_without_a_server() {
        check("add", &expect!["access active · seal active"]);
        check("add add rotate", &expect!["access stopped active · seal stopped active"]);
    }

    #[test]
    fn what_stopped_signing_goes_after_an_hour_and_what_opens_stays() {
        check("start prune", &expect!["access active · seal active"]);
        check("start rotate prune", &expect!["access stopped active · seal stopped active"]);
        check("start rotate later prune", &expect!["access active · seal stopped active"]);
        check("start later rotate prune", &expect!["access stopped active · seal stopped active"]);
        check("start add later prune", &expect!["access active waiting · seal active waiting"]);
        check("start rotate later add prune", &expect!["access active waiting · seal stopped active waiting"]);
    }

    #[test]
    fn without_a_time_nothing_is_pruned() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        folder.make(NOW_MS).unwrap();
        let [(_, id), _] = folder.rotate(NOW_MS).unwrap()[..] else { panic!("two keys are in use") };
        std::fs::write(dir.path().join("keys/access-signing"), id.to_string()).unwrap();
        let error = folder.prune(NOW_MS + 1000 * MINUTE_MS).unwrap_err().to_string();
        assert!(error.contains("access-signing"), "{error}");
        assert_eq!(folder.list().unwrap().len(), 4);
    }

    #[test]
    fn a_sealing_key_is_removed_by_name_only_and_not_while_it_writes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        folder.make(NOW_MS).unwrap();
        let old = folder.read().unwrap().seal.active();
        assert!(matches!(folder.remove_sealing(old), Err(KeysError::NotRemovable(_))));
        folder.rotate(NOW_MS + 1).unwrap();
        let access = folder.read().unwrap().access.active();
        assert!(matches!(folder.remove_sealing(access), Err(KeysError::NotRemovable(_))));
        folder.remove_sealing(old).unwrap();
        assert!(folder.read().unwrap().seal.get(old).is_none());
    }

    #[test]
    fn nothing_is_made_where_a_ring_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_data_dir(dir.path());
        assert!(folder.list().is_err() && folder.rotate(NOW_MS).is_err() && folder.prune(NOW_MS).is_err());
        assert!(folder.export().is_err());
        assert!(!dir.path().join("keys").exists());
    }
}
