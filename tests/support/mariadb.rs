//! A private MariaDB: one for all tests, a database for each. See `mariadb.sh` for how it ends, whatever way they end.

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
/// An authority of its own, and the certificate of a server called `localhost`.
pub const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls");
/// As it stands in a URL.
const PASSWORD: &str = "p%40ss%2Fword";
/// How long the server that is shared waits for the next test.
const LINGER_SECONDS: &str = "10";

/// A server that runs as long as this is there.
pub struct MariaDb {
    dir: PathBuf,
    port: u16,
    process: Mutex<Option<String>>,
    /// Locked; let go of by the kernel, whatever way this process ends.
    _in_use: File,
    users: PathBuf,
}

impl MariaDb {
    /// The one that all tests share. Every statement that it was sent is in its log. Nothing on it outlasts a crash.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(|| {
            let base = Path::new(FOLDER).join("mariadb");
            let (dir, users) = (base.join("server"), base.join("users"));
            fs::create_dir_all(&base).expect("a folder");
            let in_use = in_use(&users);
            // From here on a server that runs stays.
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

    /// One that a test may kill. It keeps what it committed.
    pub fn private() -> Self {
        Self::private_with(&[])
    }

    /// One that takes encrypted connections only, as `localhost`.
    pub fn encrypted() -> Self {
        let option = |name, file| format!("--{name}={TLS}/{file}");
        Self::private_with(&[
            &option("ssl-cert", "server.pem"),
            &option("ssl-key", "server.key"),
            "--require-secure-transport=ON",
        ])
    }

    fn private_with(options: &[&str]) -> Self {
        let dir = Path::new(FOLDER).join("mariadb").join(unique("private"));
        fs::create_dir_all(&dir).expect("a folder");
        // Removed with it.
        let users = dir.join("users");
        let in_use = in_use(&users);
        let port = free_port();
        let process = Some(start(&dir, &users, port, "0", options)).into();
        Self { dir, port, process, _in_use: in_use, users }
    }

    /// Kills it in the midst of whatever it does. Only for one that is private.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// Lets it do nothing any more. Only for one that is private.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.lock();
        let process = process.as_ref().expect("it was started here");
        assert!(Command::new("kill").args([signal, process]).status().expect("kill runs").success());
    }

    /// Starts it again, on what it kept.
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

    /// What it was sent over connections to a database: statements, those that are prepared with `?` in them.
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

    /// A connection beside the store's.
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

/// Its process id, once it takes connections.
#[expect(clippy::zombie_processes, reason = "the script outlives this process, and ends by itself")]
fn start(dir: &Path, users: &Path, port: u16, linger_seconds: &str, options: &[&str]) -> String {
    let mut command = Command::new(SCRIPT);
    command.arg(dir).arg(users).args([&port.to_string(), linger_seconds]).args(options);
    // Not of this test's group, which may be ended while others use it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut script = command.spawn().expect("MariaDB's programs are there: see `make setup`");
    let mut process = String::new();
    BufReader::new(script.stdout.take().expect("its output")).read_line(&mut process).expect("it says its id");
    let said = ["install.log", "error.log"].map(|log| fs::read_to_string(dir.join(log)).unwrap_or_default());
    assert!(!process.is_empty(), "MariaDB does not start: {}", said.join("\n"));
    process.trim().to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
