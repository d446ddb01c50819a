//! Rooms that several servers share over NATS, on one MariaDB: CPU per delivery of all servers with NATS, and latency, divided
//! by those of the same rooms at one server.
//!
//! The database is not counted: it stores the same rows in each case. Each measurement has servers of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use clap::Args;
use tempfile::TempDir;
use tokio::process::Command;

use crate::child::Child;
use crate::fanout::Fanout;
use crate::figures::{Figures, Run};
use crate::placed::{Placed, Placement};
use crate::server::ServerUnderTest;
use crate::target::Target;
use crate::tutti::Tutti;

/// Seconds of warm-up of each measurement, in which servers also finish the analysis of their libraries.
const WARM_UP: f64 = 6.0;
/// Starts a MariaDB with a database and a user.
const MARIADB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/support/mariadb.sh");
/// Where `.ci/setup` unpacks NATS.
const NATS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/nats-server/usr/sbin/nats-server");

/// Options of `nodes`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Nodes {
    /// Most servers.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..))]
    pub(crate) servers: u8,

    /// Members of the big room.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) members: usize,

    /// Publishes per second in the big room.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) rate: f64,

    /// Seconds of each measurement.
    #[arg(long, default_value_t = 8.0)]
    pub(crate) seconds: f64,
}

/// What the servers share.
struct Shared {
    settings: Vec<String>,
    nats: Child,
    _database: Child,
    _in_use: File,
    _folder: TempDir,
}

impl Nodes {
    /// Runs the scenario.
    pub(crate) async fn run(&self, program: &Path) -> anyhow::Result<Run> {
        let shared = Shared::start(program).await?;
        let seconds = self.seconds;
        let big = Fanout { rooms: 1, members: self.members, rate: self.rate, seconds, warm_up: WARM_UP };
        let small = Fanout { rooms: 50, members: 20, rate: 20.0, seconds, warm_up: WARM_UP };
        let (mut figures, mut doubts) = (Figures::default(), vec![]);
        let shapes = [
            ("big_room", big, &[Placement::Spread][..]),
            ("small_rooms", small, &[Placement::Together, Placement::Spread]),
        ];
        for (name, fanout, placements) in shapes {
            let alone = shared.measure(program, fanout, 1, Placement::Together).await?;
            figures.add(&format!("{name}_1"), &alone, None);
            doubts.extend(alone.doubts.iter().map(|doubt| format!("{name}_1: {doubt}")));
            for servers in 2..=self.servers {
                for placement in placements {
                    let name = match placement {
                        Placement::Together => format!("{name}_together_{servers}"),
                        Placement::Spread => format!("{name}_spread_{servers}"),
                    };
                    let run = shared.measure(program, fanout, servers, *placement).await?;
                    figures.add(&name, &run, Some(&alone));
                    doubts.extend(run.doubts.iter().map(|doubt| format!("{name}: {doubt}")));
                }
            }
        }
        let shape = format!("{} and {}, 1 to {} servers", big.shape(), small.shape(), self.servers);
        Ok(Run::new(shape, Target::Tutti, figures, doubts))
    }
}

impl Figures {
    /// Adds a measurement, and what it is of the same load on one server.
    fn add(&mut self, name: &str, run: &Run, alone: Option<&Run>) {
        let of = |run: &Run, figure| run.figures.get(figure).unwrap_or(f64::NAN);
        let (cpu, p99) = ("cpu_per_delivery_us", "delivery_p99_ms");
        self.set(format!("{name}_{cpu}"), of(run, cpu));
        self.set(format!("{name}_{p99}"), of(run, p99));
        if let Some(alone) = alone {
            self.set(format!("{name}_cpu_ratio"), of(run, cpu) / of(alone, cpu));
            self.set(format!("{name}_p99_more_ms"), of(run, p99) - of(alone, p99));
        }
    }
}

impl Shared {
    async fn start(program: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let [database_port, nats_port] = [free_port()?, free_port()?];
        // The script ends the database when this file is no longer locked.
        let users = folder.path().join("users");
        let in_use = File::create(&users)?;
        in_use.lock_shared()?;
        let mut command = Command::new(MARIADB);
        command.arg(folder.path().join("mariadb")).arg(&users).args([&database_port.to_string(), "0"]);
        command.stdout(Stdio::piped());
        let (database, _) = Child::start(command, |line| line.parse::<u32>().ok().map(|_| line.to_owned()))
            .await
            .context("MariaDB: see `.ci/setup test`")?;

        let nats = ["/usr/sbin/nats-server", NATS].into_iter().find(|path| Path::new(path).exists());
        let mut command = Command::new(nats.unwrap_or("nats-server"));
        command.args(["-a", "127.0.0.1", "-p", &nats_port.to_string()]).stderr(Stdio::piped());
        let (nats, _) = Child::start(command, |line| line.contains("Server is ready").then(String::new))
            .await
            .context("NATS: see `.ci/setup test`")?;

        let url = format!("mysql://tutti:p%40ss%2Fword@127.0.0.1:{database_port}/tutti");
        let keys = folder.path().join("keys-of-all");
        let keys = keys.to_str().context("a path that is no text")?;
        output(program, &["migrate", "--database-url", &url]).await?;
        output(program, &["keys", "add", "--data-dir", keys]).await?;
        let keys = output(program, &["keys", "export", "--data-dir", keys]).await?;
        let settings = vec![
            format!("--database-url={url}"),
            format!("--nats-url=nats://127.0.0.1:{nats_port}"),
            format!("--keys={}", keys.trim()),
        ];
        Ok(Self { settings, nats, _database: database, _in_use: in_use, _folder: folder })
    }

    async fn measure(&self, program: &Path, fanout: Fanout, count: u8, placement: Placement) -> anyhow::Result<Run> {
        let mut servers = vec![];
        for number in 0..count {
            let name = format!("--node-id=node-{number}");
            servers.push(Tutti::start_with(program, &[&self.settings[..], &[name]].concat()).await?);
        }
        let processes = servers.iter().map(|server| (server.address(), server.process())).collect();
        let placed = Placed::new(processes, self.nats.process(), placement);
        let run = fanout.run(&ServerUnderTest::nodes(placed)).await?;
        // Their lives end here: the next ones need not wait for that.
        for server in servers {
            server.stop().await?;
        }
        Ok(run)
    }
}

async fn output(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {}", arguments[0], said.trim());
    Ok(String::from_utf8(output.stdout)?)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
