//! Metrics of this process, with the names that Prometheus' client libraries have for them. Linux only; elsewhere there are
//! none.

use std::fmt::Write as _;
use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

/// The metrics with their types and help texts.
pub const NAMES: &[(&str, &str, &str)] = &[
    ("process_cpu_seconds_total", "counter", "CPU time of this process, in seconds"),
    ("process_resident_memory_bytes", "gauge", "Memory of this process in RAM"),
    ("process_virtual_memory_bytes", "gauge", "Address space of this process"),
    ("process_open_fds", "gauge", "Open file descriptors"),
    ("process_max_fds", "gauge", "Limit of open file descriptors"),
    ("process_threads", "gauge", "Threads of this process"),
    ("process_start_time_seconds", "gauge", "When this process started, in seconds since 1970"),
];

/// The metrics in Prometheus' text format, of a process that started at `started_at_ms`.
#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53")]
pub(super) fn render(started_at_ms: i64) -> String {
    let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| Stat::parse(&stat)) else {
        return String::new();
    };
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let limit = getrlimit(Resource::Nofile).current.map_or(f64::INFINITY, |limit| limit as f64);
    let values = [
        stat.cpu_ticks as f64 / clock_ticks_per_second() as f64,
        (stat.resident_pages * page_size() as u64) as f64,
        stat.virtual_bytes as f64,
        open as f64,
        limit,
        stat.threads as f64,
        started_at_ms as f64 / 1e3,
    ];
    let mut text = String::new();
    for ((name, kind, help), value) in NAMES.iter().zip(values) {
        let value = if value.is_infinite() { "+Inf".to_owned() } else { value.to_string() };
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    text
}

/// What `/proc/self/stat` says, see proc_pid_stat(5).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The program's name may contain spaces and parentheses. After it comes field 3.
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_line_is_read_whatever_the_program_is_called() {
        let line = "4711 (a ) b (c) S 1 4711 4711 0 -1 4194560 5 0 0 0 250 50 0 0 20 0 9 0 123456 1048576 300 18446744073709551615";
        let stat = Stat { cpu_ticks: 300, threads: 9, virtual_bytes: 1_048_576, resident_pages: 300 };
        assert_eq!(Stat::parse(line), Some(stat));
        assert_eq!(Stat::parse("4711 (tutti) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn every_metric_has_a_value() {
        let text = render(1_795_412_807_250);
        for (name, ..) in NAMES {
            let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).expect(name);
            assert!(value.parse::<f64>().unwrap() > 0.0 || *name == "process_cpu_seconds_total", "{name} {value}");
        }
        assert!(text.contains("process_start_time_seconds 1795412807.25\n"), "{text}");
    }
}
