//! Notices changes in the library's folders: by inotify where that works, and otherwise not at all.
//!
//! Every folder that a scan visits is watched from then on. Events are not looked at one by one: any of them means that a
//! scan has something to find. Network file systems report only this machine's changes, so they count as not watched, and
//! so does a system without inotify or with too few watches.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often events are looked for. Changes are reported when there are none for as long, so that an album is scanned once.
const POLL: Duration = Duration::from_millis(500);
/// Changes are reported after this many polls even if there are more.
const POLLS_MAX: u32 = 60;

/// The watched folders. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Watch {
    #[cfg(target_os = "linux")]
    inotify: Option<Arc<std::os::fd::OwnedFd>>,
    complete: Arc<AtomicBool>,
}

impl Watch {
    /// Begins a scan, which watches every folder that it visits.
    pub fn begin(&self) {
        self.complete.store(self.works(), Ordering::Relaxed);
    }

    /// A folder is not there, and cannot be watched.
    pub fn miss(&self) {
        self.complete.store(false, Ordering::Relaxed);
    }

    /// Whether all folders are watched, so that no change is missed.
    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Relaxed)
    }

    /// Returns when something has changed and then rests.
    pub async fn changed(&self) {
        while !self.take_events() {
            tokio::time::sleep(POLL).await;
        }
        for _ in 0..POLLS_MAX {
            tokio::time::sleep(POLL).await;
            if !self.take_events() {
                return;
            }
        }
    }
}

#[cfg(target_os = "linux")]
impl Default for Watch {
    /// Watches nothing yet.
    fn default() -> Self {
        use rustix::fs::inotify::{self, CreateFlags};
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK);
        if let Err(error) = &inotify {
            tracing::warn!(%error, "library folders cannot be watched");
        }
        Self { inotify: inotify.ok().map(Arc::new), complete: Arc::default() }
    }
}

#[cfg(target_os = "linux")]
impl Watch {
    /// Watches a folder. Call it before the folder is listed, so that no change is lost between the two. Blocks.
    pub fn add(&self, folder: &Path) {
        use rustix::fs::inotify::{self, WatchFlags};
        let Some(inotify) = &self.inotify else { return };
        let flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        if let Err(error) = inotify::add_watch(inotify, folder, flags)
            && self.complete.swap(false, Ordering::Relaxed)
        {
            tracing::warn!(%error, "library folders cannot all be watched; raise fs.inotify.max_user_watches");
        }
    }

    /// Counts the file system of a folder as watched or not. Blocks.
    pub fn check_file_system(&self, folder: &Path) {
        /// NFS, SMB and CIFS, FUSE, 9P, Ceph, AFS, Coda.
        const REMOTE: [u32; 9] =
            [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x5346_414f, 0x7375_7245];
        let Ok(found) = rustix::fs::statfs(folder) else { return };
        if u32::try_from(found.f_type & 0xffff_ffff).is_ok_and(|kind| REMOTE.contains(&kind)) {
            self.miss();
        }
    }

    fn works(&self) -> bool {
        self.inotify.is_some()
    }

    /// Drops the events so far; whether there were any.
    fn take_events(&self) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let mut buffer = [0; 16 * 1024];
        let mut any = false;
        while rustix::io::read(inotify, &mut buffer).is_ok_and(|bytes| bytes > 0) {
            any = true;
        }
        any
    }
}

/// This system has no inotify.
#[cfg(not(target_os = "linux"))]
impl Watch {
    /// Watches nothing.
    pub fn add(&self, _: &Path) {}

    /// Nothing is watched.
    pub fn check_file_system(&self, _: &Path) {}

    fn works(&self) -> bool {
        false
    }

    fn take_events(&self) -> bool {
        false
    }
}

#[cfg(not(target_os = "linux"))]
impl Default for Watch {
    /// Watches nothing.
    fn default() -> Self {
        Self { complete: Arc::default() }
    }
}
