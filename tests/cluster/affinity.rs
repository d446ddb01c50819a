//! Behind each proxy of `docs/cluster.md` the members of a room meet at one server.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tutti::store::mysql::{MySqlStore, schema};
use tutti::store::{NodeStore as _, Store as _};
use tutti_protocol::http::RoomSummary;
use tutti_test_client::{RoomClient, TestUser};

use crate::support::mariadb::{MariaDb, free_port};
use crate::support::nats::NatsServer;
use crate::support::{Process, guest};

const PAGE: &str = include_str!("../../docs/cluster.md");
/// Where `make setup` unpacks proxies.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools");
/// Rooms that are opened until each server has one.
const ROOMS_MAX: usize = 64;

/// A proxy before two servers, killed when dropped.
struct Proxy {
    address: SocketAddr,
    _dir: TempDir,
    _process: Child,
}

impl Proxy {
    async fn nginx(servers: [SocketAddr; 2]) -> Self {
        let port = free_port();
        let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let lines = lines("nginx", servers);
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr notice;
             events {{}}
             http {{
               access_log off; {folders}{lines}
               map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
               server {{
                 listen 127.0.0.1:{port};
                 location / {{
                   proxy_pass http://tutti;
                   proxy_http_version 1.1;
                   proxy_set_header Host $http_host;
                   proxy_set_header Upgrade $http_upgrade;
                   proxy_set_header Connection $connection_header;
                 }}
               }}
             }}"
        );
        let dir = folder_with("nginx.conf", &config);
        let mut command = program("nginx", "sbin/nginx");
        command.arg("-p").arg(dir.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
        Self::start(command, dir, ([127, 0, 0, 1], port).into(), Some("event method")).await
    }

    async fn haproxy(servers: [SocketAddr; 2]) -> Self {
        let lines = lines("haproxy", servers);
        let config = format!(
            "defaults
                 mode http
                 timeout connect 5s
                 timeout client 1m
                 timeout server 1m
             frontend rooms
                 bind fd@0
                 default_backend tutti
             {lines}"
        );
        let dir = folder_with("haproxy.cfg", &config);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut command = program("haproxy", "sbin/haproxy");
        command.arg("-db").arg("-f").arg(dir.path().join("haproxy.cfg"));
        // It takes over a socket that listens already: connections wait until it is ready.
        command.stdin(OwnedFd::from(listener));
        Self::start(command, dir, address, None).await
    }

    async fn caddy(servers: [SocketAddr; 2]) -> Self {
        let port = free_port();
        let lines = lines("caddy", servers);
        let config = format!("{{\nadmin off\nauto_https off\n}}\nhttp://:{port} {{\nbind 127.0.0.1\n{lines}}}\n");
        let dir = folder_with("Caddyfile", &config);
        let mut command = program("caddy", "bin/caddy");
        command.args(["run", "--config"]).arg(dir.path().join("Caddyfile"));
        command.env("HOME", dir.path()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
        Self::start(command, dir, ([127, 0, 0, 1], port).into(), Some("serving initial configuration")).await
    }

    /// Returns once it has logged that it is ready.
    async fn start(mut command: Command, dir: TempDir, address: SocketAddr, ready: Option<&str>) -> Self {
        let mut process =
            command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("it is there: see `make setup`");
        let mut log = BufReader::new(process.stderr.take().expect("its log")).lines();
        let mut said = String::new();
        while ready.is_some_and(|ready| !said.contains(ready)) {
            said = log.next_line().await.expect("its log is text").unwrap_or_else(|| panic!("it ended: {said}"));
        }
        // Keeps reading, so that the proxy never waits for a reader; ends with it.
        #[expect(clippy::disallowed_methods, reason = "nothing waits for the end of a log")]
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Self { address, _dir: dir, _process: process }
    }
}

/// The page's lines for a proxy, with the addresses of these servers.
fn lines(proxy: &str, servers: [SocketAddr; 2]) -> String {
    let (_, lines) = PAGE.split_once(&format!("```{proxy}\n")).expect("the page has lines for it");
    let (lines, _) = lines.split_once("```").expect("they end");
    ["10.0.0.5:8080", "10.0.0.6:8080"].iter().zip(servers).fold(lines.to_owned(), |lines, (at, is)| {
        assert!(lines.contains(at), "{lines}");
        lines.replace(at, &is.to_string())
    })
}

fn folder_with(file: &str, text: &str) -> TempDir {
    let dir = TempDir::new().expect("a directory");
    std::fs::write(dir.path().join(file), text).expect("written");
    dir
}

/// The system's, or what `make setup` unpacked.
fn program(package: &str, path: &str) -> Command {
    let paths = [format!("/usr/{path}"), format!("{TOOLS}/{package}/usr/{path}")];
    Command::new(paths.into_iter().find(|path| Path::new(path).exists()).unwrap_or_else(|| package.to_owned()))
}

/// A server that shares a database, with its metrics.
struct Server {
    process: Process,
    address: SocketAddr,
    metrics: String,
    dir: TempDir,
}

impl Server {
    async fn start(dir: TempDir, url: &SecretString, nats: &NatsServer, name: &str) -> Self {
        let mut process = Process::start(
            dir.path(),
            &[
                &format!("--database-url={}", url.expose_secret()),
                &format!("--nats-url={}", nats.url()),
                &format!("--node-id={name}"),
                "--metrics-listen=127.0.0.1:0",
                "--limit-rooms=1000",
                "--limit-rooms-per-address=1000",
                "--limit-joins=1000",
            ],
        );
        let metrics = process.log_line("metrics at ").await;
        let address = process.address().await;
        Self { process, address, metrics, dir }
    }

    async fn connections(&self) -> usize {
        let text = reqwest::get(&self.metrics).await.expect("an answer").text().await.expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix("tutti_connections ")).expect("its connections");
        line.trim().parse().expect("a number")
    }
}

/// The servers of all connections, and the names of the owners of all rooms.
async fn placed(servers: &[Server; 2], url: &SecretString) -> [(usize, u64); 2] {
    let store = MySqlStore::open(url).await.expect("opens");
    let (nodes, owned) = (store.nodes().await.expect("answers"), store.owned_rooms().await.expect("answers"));
    store.close().await;
    let rooms = |name| {
        let node = nodes.iter().find(|node| node.name == name).expect("it lives");
        owned.get(&node.life).copied().unwrap_or(0)
    };
    let [one, two] = servers;
    [(one.connections().await, rooms("one")), (two.connections().await, rooms("two"))]
}

/// As pages do: they ask for the room first.
async fn visit(user: &TestUser, room: &RoomSummary) -> RoomClient {
    let _: RoomSummary = user.get(&format!("rooms/{}", room.code)).await;
    user.enter_by(&format!("/ws?room={}", room.code), room.code.as_str()).await
}

#[tokio::test]
async fn behind_nginx_the_members_of_a_room_and_its_owner_are_at_one_server() {
    the_members_of_a_room_and_its_owner_are_at_one_server(Proxy::nginx).await;
}

#[tokio::test]
async fn behind_haproxy_the_members_of_a_room_and_its_owner_are_at_one_server() {
    the_members_of_a_room_and_its_owner_are_at_one_server(Proxy::haproxy).await;
}

#[tokio::test]
async fn behind_caddy_the_members_of_a_room_and_its_owner_are_at_one_server() {
    the_members_of_a_room_and_its_owner_are_at_one_server(Proxy::caddy).await;
}

async fn the_members_of_a_room_and_its_owner_are_at_one_server(start: impl AsyncFnOnce([SocketAddr; 2]) -> Proxy) {
    let url = MariaDb::shared().database().await;
    schema::migrate(&url).await.expect("migrates");
    let nats = NatsServer::start(&[]);
    let [first, second] = [(); 2].map(|()| TempDir::new().expect("a directory"));
    let one = Server::start(first, &url, &nats, "one").await;
    let copied = Command::new("cp").arg("-a").arg(one.dir.path().join("keys")).arg(second.path()).status().await;
    assert!(copied.expect("it runs").success());
    let servers = [one, Server::start(second, &url, &nats, "two").await];
    let proxy = start([servers[0].address, servers[1].address]).await;
    let members = [guest(proxy.address, "Ana").await, guest(proxy.address, "Ben").await];

    let mut at = [(0, 0); 2];
    let mut joined = vec![];
    while at.iter().any(|(connections, _)| *connections == 0) {
        assert!(joined.len() < ROOMS_MAX * members.len(), "one server got all rooms");
        let room = members[0].room("Kitchen", None).await;
        for member in &members {
            joined.push(visit(member, &room).await);
        }
        let now = placed(&servers, &url).await;
        let came: Vec<_> = at.iter().zip(now).map(|(at, now)| (now.0 - at.0, now.1 - at.1)).collect();
        assert!(came == [(members.len(), 1), (0, 0)] || came == [(0, 0), (members.len(), 1)], "{came:?}");
        at = now;
    }

    // A client that does not name its room: it joins wherever it comes to.
    let room = members[0].room("Attic", None).await;
    let mut visitors = vec![visit(&members[0], &room).await, members[1].enter(room.code.as_str()).await];
    for visitor in &mut visitors {
        visitor.room_where(|room| room.members.len() == members.len()).await;
    }

    // What was at a server that stops comes to the other one.
    let [one, two] = servers;
    one.process.stop().await;
    drop((joined, visitors));
    for member in &members {
        visit(member, &room).await.room_where(|room| room.members.len() == members.len()).await;
    }
    two.process.stop().await;
}
