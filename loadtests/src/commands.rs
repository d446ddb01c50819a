//! Acknowledged commands per second over many rooms, each durable before its reply, compared with bare insertions of
//! the same rows.
//!
//! In every room one member keeps a few commands in flight. Afterwards the journal rows are read from the server's
//! database and inserted into an empty one, with the same number of rooms and rows in flight, over one connection with
//! the same settings and the same kind of group commit.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::clock;
use crate::dialect::{Dialect, Message};
use crate::figures::{Figures, Latencies, Run};
use crate::process::Process;
use crate::target::Target;
use crate::tutti::{Guest, Joined, Tutti, enter, start_a_track};

/// Rows in one transaction, as in the server.
const BATCH_MAX: usize = 1_024;
/// Rows that are committed one at a time.
const COMMITS_ALONE: usize = 1_000;
/// The server's table without its references.
const TABLE: &str = "CREATE TABLE room_journal (room_id BLOB NOT NULL, last_offset INTEGER NOT NULL, \
    epoch INTEGER NOT NULL, at_ms INTEGER NOT NULL, member_id BLOB, command_id BLOB, events TEXT NOT NULL, \
    PRIMARY KEY (room_id, last_offset)) STRICT, WITHOUT ROWID";
/// Rooms that are opened concurrently.
const ROOMS_AT_ONCE: usize = 8;

/// Options of `commands`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Commands {
    /// Rooms, with one member each.
    #[arg(long, default_value_t = 200)]
    pub(crate) rooms: usize,

    /// Commands in flight in each room.
    #[arg(long, default_value_t = 4)]
    pub(crate) under_way: usize,

    /// Seconds that are measured.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,

    /// Seconds of warm-up.
    #[arg(long, default_value_t = 1.5)]
    pub(crate) warm_up: f64,
}

struct Counts {
    acknowledged: AtomicU64,
    refused: AtomicU64,
    stop: AtomicBool,
    latencies: Mutex<Latencies>,
}

/// A row of the journal, as stored.
#[derive(Clone)]
struct JournalRow {
    room: Vec<u8>,
    offset: i64,
    epoch: i64,
    at_ms: i64,
    member: Option<Vec<u8>>,
    command: Option<Vec<u8>>,
    events: String,
}

impl Commands {
    /// The name of this shape in tables.
    pub(crate) fn shape(&self) -> String {
        format!("commands in {} rooms, {} under way", self.rooms, self.under_way)
    }

    /// Runs the scenario. Only a server that was started for it is stopped and compared with bare insertions.
    pub(crate) async fn run(&self, tutti: Tutti) -> anyhow::Result<Run> {
        let mut figures = Figures::default();
        let mut doubts = vec![];
        self.command(&tutti, &mut figures, &mut doubts).await?;
        if let Some(folder) = tutti.stop().await? {
            let rows = read_rows(&folder.path().join("tutti.db")).await?;
            let alone = commit_alone(&rows, &folder.path().join("alone.db")).await?;
            figures.set_latencies("bare_commit", &alone);
            let inserted = self.insert(rows, &folder.path().join("bare.db")).await?;
            figures.set("bare_inserts_per_s", inserted);
            let acknowledged = figures.get("acknowledged_per_s").unwrap_or(f64::NAN);
            figures.set("of_bare_inserts", acknowledged / inserted);
        }
        Ok(Run::new(self.shape(), Target::Tutti, figures, doubts))
    }

    async fn command(&self, tutti: &Tutti, figures: &mut Figures, doubts: &mut Vec<String>) -> anyhow::Result<()> {
        use futures_util::{StreamExt as _, TryStreamExt as _};
        let http = &reqwest::Client::new();
        let members: Vec<Joined> = futures_util::stream::iter(0..self.rooms)
            .map(|number| async move {
                let host = Guest::log_in(http, tutti.address(), &format!("Host {number}")).await?;
                let code = host.open_room().await?;
                let mut member = enter(&host, &code, None).await?;
                start_a_track(&host, &mut member).await?;
                anyhow::Ok(member)
            })
            .buffer_unordered(ROOMS_AT_ONCE)
            .try_collect()
            .await?;
        let counts = Arc::new(Counts {
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            latencies: Mutex::default(),
        });
        let mut commanding = JoinSet::new();
        for member in members {
            commanding.spawn(command_on(member, self.under_way, counts.clone()));
        }
        clock::pass(Duration::from_secs_f64(self.warm_up)).await;
        *counts.latencies.lock() = Latencies::default();
        let (server, own) = (tutti.process(), Process::own());
        let before =
            (clock::now_ns(), counts.acknowledged.load(Ordering::Relaxed), server.cpu_seconds()?, own.cpu_seconds()?);
        clock::pass(Duration::from_secs_f64(self.seconds)).await;
        let seconds = clock::seconds_since(before.0);
        let acknowledged = (counts.acknowledged.load(Ordering::Relaxed) - before.1) as f64;
        figures.set("acknowledged_per_s", acknowledged / seconds);
        figures.set("cpu_per_command_us", (server.cpu_seconds()? - before.2) / acknowledged * 1e6);
        figures.set("server_cpu_cores", (server.cpu_seconds()? - before.2) / seconds);
        figures.set("generator_cpu_cores", (own.cpu_seconds()? - before.3) / seconds);
        figures.set_latencies("reply", &counts.latencies.lock());
        counts.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = commanding.join_next().await {
            ended?.context("a member was lost")?;
        }
        let refused = counts.refused.load(Ordering::Relaxed);
        if refused > 0 {
            doubts.push(format!("refused: {refused}"));
        }
        Ok(())
    }

    /// Inserts the same rows into an empty database; returns rows per second.
    async fn insert(&self, rows: Vec<JournalRow>, path: &Path) -> anyhow::Result<f64> {
        ensure!(!rows.is_empty(), "the server wrote nothing");
        let database = connect(path, true).await?;
        let (sender, queue) = mpsc::channel(BATCH_MAX * 4);
        let count = rows.len() as f64;
        let mut by_room = std::collections::HashMap::<Vec<u8>, VecDeque<JournalRow>>::new();
        for row in rows {
            by_room.entry(row.room.clone()).or_default().push_back(row);
        }
        let began_ns = clock::now_ns();
        let mut writing = JoinSet::new();
        writing.spawn(write(database, queue));
        for rows in by_room.into_values() {
            // A room's rows are inserted in order, a few at a time.
            let (sender, under_way) = (sender.clone(), self.under_way);
            writing.spawn(async move {
                let mut waiting = VecDeque::new();
                for row in rows {
                    if waiting.len() == under_way
                        && let Some(first) = waiting.pop_front()
                    {
                        let () = first.await?;
                    }
                    let (done, written) = oneshot::channel();
                    sender.send((row, done)).await.ok().context("the writer has stopped")?;
                    waiting.push_back(written);
                }
                for written in waiting {
                    let () = written.await?;
                }
                anyhow::Ok(())
            });
        }
        drop(sender);
        while let Some(ended) = writing.join_next().await {
            ended??;
        }
        Ok(count / clock::seconds_since(began_ns))
    }
}

/// Keeps a number of commands in flight for one member: each reply is followed by the next command.
async fn command_on(member: Joined, under_way: usize, counts: Arc<Counts>) -> anyhow::Result<()> {
    let mut connection = member.connection;
    let sender = connection.sender();
    let mut sent_ns = VecDeque::with_capacity(under_way);
    let mut number = 0_u64;
    let mut send = |sent_ns: &mut VecDeque<u64>| {
        number += 1;
        sent_ns.push_back(clock::now_ns());
        sender.try_send(&Dialect::Tutti.publish(number))
    };
    for _ in 0..under_way {
        ensure!(send(&mut sent_ns)?, "the server does not read");
    }
    connection
        .each(|text| {
            match Dialect::Tutti.classify(text, None) {
                Message::Refused => {
                    counts.refused.fetch_add(1, Ordering::Relaxed);
                }
                Message::Other if text.starts_with(br#"{"type":"reply""#) => {
                    counts.acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                _ => return Ok(true),
            }
            // Replies arrive in the order of their commands.
            if let Some(sent_ns) = sent_ns.pop_front() {
                counts.latencies.lock().record(clock::now_ns().saturating_sub(sent_ns));
            }
            if counts.stop.load(Ordering::Relaxed) {
                return Ok(!sent_ns.is_empty());
            }
            ensure!(send(&mut sent_ns)?, "the server does not read");
            Ok(true)
        })
        .await
}

async fn connect(path: &Path, is_new: bool) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(is_new)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "FAST");
    Ok(SqliteConnection::connect_with(&options).await?)
}

async fn read_rows(path: &Path) -> anyhow::Result<Vec<JournalRow>> {
    let mut database = connect(path, false).await?;
    let rows = sqlx::query(
        "SELECT room_id, last_offset, epoch, at_ms, member_id, command_id, events FROM room_journal \
         ORDER BY room_id, last_offset",
    );
    let rows = rows.fetch_all(&mut database).await?;
    rows.iter()
        .map(|row| {
            Ok(JournalRow {
                room: row.try_get(0)?,
                offset: row.try_get(1)?,
                epoch: row.try_get(2)?,
                at_ms: row.try_get(3)?,
                member: row.try_get(4)?,
                command: row.try_get(5)?,
                events: row.try_get(6)?,
            })
        })
        .collect()
}

/// Latencies of single commits while nothing else is written: a lower bound for acknowledgements.
async fn commit_alone(rows: &[JournalRow], path: &Path) -> anyhow::Result<Latencies> {
    let mut database = connect(path, true).await?;
    sqlx::query(TABLE).execute(&mut database).await?;
    let mut latencies = Latencies::default();
    for line in rows.iter().take(COMMITS_ALONE) {
        let began_ns = clock::now_ns();
        insert_row(&mut database, line).await?;
        latencies.record(clock::now_ns().saturating_sub(began_ns));
    }
    Ok(latencies)
}

async fn insert_row(database: &mut SqliteConnection, line: &JournalRow) -> anyhow::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, member_id, command_id, events) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(&line.room).bind(line.offset).bind(line.epoch).bind(line.at_ms);
    insert.bind(&line.member).bind(&line.command).bind(&line.events).execute(database).await?;
    Ok(())
}

/// The only writer: commits all queued rows in one transaction.
async fn write(
    mut database: SqliteConnection,
    mut queue: mpsc::Receiver<(JournalRow, oneshot::Sender<()>)>,
) -> anyhow::Result<()> {
    sqlx::query(TABLE).execute(&mut database).await?;
    let mut gathered = Vec::new();
    while queue.recv_many(&mut gathered, BATCH_MAX).await > 0 {
        let mut transaction = database.begin().await?;
        for (line, _) in &gathered {
            insert_row(&mut transaction, line).await?;
        }
        transaction.commit().await?;
        for (_, done) in gathered.drain(..) {
            // The sender may have failed meanwhile.
            let _ = done.send(());
        }
    }
    Ok(())
}
