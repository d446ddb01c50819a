//! The limit of open files, which bounds the number of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything but connections: databases, music files, pipes.
const RESERVED: u64 = 256;

/// Raises the soft limit of open files to the hard limit; returns the limit, `None` without one. systemd's and most shells'
/// soft limit is 1,024, for programs that call `select(2)`.
pub fn raise_limit() -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    if limits.current != limits.maximum {
        let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files cannot be raised");
        }
    }
    getrlimit(Resource::Nofile).current
}

/// How many of `wanted` connections fit below a limit of `descriptors`. A quarter at most is kept for everything else.
pub fn connections_within(wanted: u32, descriptors: Option<u64>) -> u32 {
    let Some(descriptors) = descriptors else { return wanted };
    let free = descriptors - RESERVED.min(descriptors / 4);
    u32::try_from(free).map_or(wanted, |free| wanted.min(free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_files() {
        let connections = |descriptors| connections_within(20_000, descriptors);
        assert_eq!([None, Some(1 << 40), Some(524_288)].map(connections), [20_000; 3]);
        assert_eq!([Some(1_024), Some(200), Some(0)].map(connections), [768, 150, 0]);
    }
}
