//! A private MariaDB server, shared by all tests, with a database for each. `mariadb.sh` stops it however the tests
//! end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use secrecy::SecretString;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/mariadb.sh");
const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");
/// A certificate authority and a certificate for `localhost`.
pub const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls");
const PASSWORD: &str = "p%40ss%2Fword";
/// How long the shared server waits for the next test before it stops.
const LINGER_SECONDS: &str = "10";

/// A server that runs until this is dropped.
pub struct MariaDb {
    dir: PathBuf,
    port: u16,
    process: Mutex<Option<String>>,
    /// Locked; the kernel releases it however this process ends.
    _in_use: File,
    users: PathBuf,
}

impl MariaDb {
    /// The server that all tests share. It logs every statement, and is not durable.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(|| {
            let base = Path::new(FOLDER).join("mariadb");
            let (dir, users) = (base.join("server"), base.join("users"));
            fs::create_dir_all(&base).expect("a folder");
            let in_use = in_use(&users);
            // From here on a running server keeps running.
            let starting = File::create(base.join("starting")).expect("a file");
            starting.lock().expect("one starts it");
            let running = fs::read_to_string(dir.join("port")).ok().and_then(|port| port.trim().parse().ok());
            if let Some(port) = running.filter(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
                return Self { dir, port, process: Mutex::default(), _in_use: in_use, users };
            }
            let _ = fs::remove_dir_all(&dir);
            let port = free_port();
            let options = ["--general-log=1", "--log-output=TABLE", "--debug-no-sync"];
            let process = Some(start(&dir, &users, port, LINGER_SECONDS, &options)).into();
            Self { dir, port, process, _in_use: in_use, users }
        })
    }

    /// A durable server that a test may kill.
    pub fn private() -> Self {
        Self::private_with(&[])
    }

    /// A server that accepts only encrypted connections, as `localhost`.
    pub fn encrypted() -> Self {
        let option = |name, file| format!("--{name}={TLS}/{file}");
        Self::private_with(&[
            &option("ssl-cert", "server.pem"),
            &option("ssl-key", "server.key"),
            "--require-secure-transport=ON",
        ])
    }

    /// A server that stores 0 where a statement should fail.
    pub fn lenient() -> Self {
        Self::private_with(&["--sql-mode="])
    }

    fn private_with(options: &[&str]) -> Self {
        let dir = Path::new(FOLDER).join("mariadb").join(unique("private"));
        fs::create_dir_all(&dir).expect("a folder");
        // Removed with the server.
        let users = dir.join("users");
        let in_use = in_use(&users);
        let port = free_port();
        let process = Some(start(&dir, &users, port, "0", options)).into();
        Self { dir, port, process, _in_use: in_use, users }
    }

    /// Kills it. Only for a private server.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// Suspends it. Only for a private server.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Resumes it.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.lock();
        let process = process.as_ref().expect("it was started here");
        assert!(Command::new("kill").args([signal, process]).status().expect("kill runs").success());
    }

    /// Starts it again on its data.
    pub fn start_again(&self) {
        *self.process.lock() = Some(start(&self.dir, &self.users, self.port, "0", &[]));
    }

    /// The URL of a new, empty database.
    pub async fn database(&self) -> SecretString {
        let name = unique("tutti");
        let mut connection = self.connect("mysql").await;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
        connection.close().await.expect("closes");
        self.url(&name)
    }

    /// The statements that it was sent for a database; prepared ones contain `?`.
    pub async fn statements(&self, url: &SecretString) -> Vec<String> {
        use secrecy::ExposeSecret as _;
        let (_, database) = url.expose_secret().rsplit_once('/').expect("it names a database");
        let query = sqlx::query_scalar(
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type IN ('Query', 'Prepare') \
             AND thread_id IN (SELECT thread_id FROM mysql.general_log WHERE command_type = 'Connect' AND argument LIKE ?)",
        );
        let mut connection = self.connect("mysql").await;
        query.bind(format!("% on {database} using %")).fetch_all(&mut connection).await.expect("a log")
    }

    /// A connection next to those of the store.
    pub async fn connect(&self, database: &str) -> MySqlConnection {
        use secrecy::ExposeSecret as _;
        let options: MySqlConnectOptions = self.url(database).expose_secret().parse().expect("a URL");
        options.connect().await.expect("connects")
    }

    fn url(&self, database: &str) -> SecretString {
        format!("mysql://tutti:{PASSWORD}@127.0.0.1:{}/{database}", self.port).into()
    }
}

fn in_use(users: &Path) -> File {
    let file = File::options().create(true).append(true).open(users).expect("a file");
    file.lock_shared().expect("a lock");
    file
}

/// Starts it; returns its process id once it accepts connections.
#[expect(clippy::zombie_processes, reason = "the script outlives this process, and ends by itself")]
fn start(dir: &Path, users: &Path, port: u16, linger_seconds: &str, options: &[&str]) -> String {
    let mut command = Command::new(SCRIPT);
    command.arg(dir).arg(users).args([&port.to_string(), linger_seconds]).args(options);
    // In its own process group: others may use it after this test's group has ended.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut script = command.spawn().expect("MariaDB's programs are there: see `make setup`");
    let mut process = String::new();
    BufReader::new(script.stdout.take().expect("its output")).read_line(&mut process).expect("it says its id");
    let said = ["install.log", "error.log"].map(|log| fs::read_to_string(dir.join(log)).unwrap_or_default());
    assert!(!process.is_empty(), "MariaDB does not start: {}", said.join("\n"));
    process.trim().to_owned()
}

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
