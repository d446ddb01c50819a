//! CPU time and memory of processes from `/proc`: a server with all of its children, the generator alone.

use std::fs;

use anyhow::Context as _;

/// Ticks per second in which Linux reports CPU time, on every current architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// How many fields of a process's `stat` are added up: user and system time of itself, then of children that have ended.
const OF_ITSELF: usize = 2;
const WITH_ENDED_CHILDREN: usize = 4;

/// A process, with its children or alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: u32,
    alone: bool,
}

impl Process {
    /// A server with its child processes.
    pub(crate) fn server(pid: u32) -> Self {
        Self { pid, alone: false }
    }

    /// This program, without the servers that it started.
    pub(crate) fn own() -> Self {
        Self { pid: std::process::id(), alone: true }
    }

    /// User and system CPU time since the start, including ended threads.
    pub(crate) fn cpu_seconds(self) -> anyhow::Result<f64> {
        let mut seconds = 0.0;
        for pid in self.family() {
            seconds += cpu_seconds_of(pid, OF_ITSELF)?;
        }
        Ok(seconds)
    }

    /// The same for this program, with the children that have ended and were waited for.
    pub(crate) fn own_cpu_seconds_with_ended_children() -> anyhow::Result<f64> {
        cpu_seconds_of(std::process::id(), WITH_ENDED_CHILDREN)
    }

    /// Resident memory.
    pub(crate) fn resident_kib(self) -> anyhow::Result<f64> {
        let mut kib = 0;
        for pid in self.family() {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
            kib += line.split_whitespace().nth(1).context("no figure")?.parse::<u32>()?;
        }
        Ok(f64::from(kib))
    }

    /// Its process id and, unless alone, those of all descendants.
    pub(crate) fn family(self) -> Vec<u32> {
        let mut family = vec![self.pid];
        if self.alone {
            return family;
        }
        let mut next = 0;
        while let Some(pid) = family.get(next) {
            for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
                family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
            next += 1;
        }
        family
    }
}

fn cpu_seconds_of(pid: u32, fields: usize) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may contain spaces, so fields are counted after it.
    let (_, after_name) = stat.rsplit_once(')').context("no name in stat")?;
    let mut ticks = 0;
    let mut times = after_name.split_whitespace().skip(11);
    for _ in 0..fields {
        ticks += times.next().context("no CPU time in stat")?.parse::<u32>()?;
    }
    Ok(f64::from(ticks) / TICKS_PER_SECOND)
}

/// All processes of what is measured.
pub(crate) struct Processes(pub(crate) Vec<Process>);

impl Processes {
    /// Their CPU time.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.0.iter().map(|process| process.cpu_seconds()).sum()
    }

    /// Their resident memory.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<f64> {
        self.0.iter().map(|process| process.resident_kib()).sum()
    }
}

/// One line about this machine.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory_kib: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0);
    format!(
        "{}, {cores} cores, {} GiB, Linux {}",
        field(&read("/proc/cpuinfo"), "model name"),
        memory_kib.div_ceil(1024 * 1024),
        read("/proc/sys/kernel/osrelease").trim(),
    )
}

/// The load average of the last minute: a high value means that other programs use the machine.
pub(crate) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_measures_its_own_costs() {
        let before = Process::own().cpu_seconds().unwrap();
        let mut sum = 0_u64;
        while Process::own().cpu_seconds().unwrap() - before < 0.03 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(Process::own().resident_kib().unwrap() > 500.0);
        assert!(machine().contains("Linux"));
    }

    #[test]
    fn a_server_includes_its_children_and_the_generator_does_not() {
        let (alone, all) = (Process::own(), Process::server(std::process::id()));
        let mut child = std::process::Command::new("yes").stdout(std::process::Stdio::null()).spawn().unwrap();
        while all.cpu_seconds().unwrap() - alone.cpu_seconds().unwrap() < 0.03 {}
        assert!(all.resident_kib().unwrap() > alone.resident_kib().unwrap());
        assert_eq!(alone.family(), [std::process::id()]);
        child.kill().unwrap();
        child.wait().unwrap();
        let own = alone.cpu_seconds().unwrap();
        assert!(Process::own_cpu_seconds_with_ended_children().unwrap() - own > 0.02);
    }
}
