//! A server that terminates TLS itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{HOST, LOCATION, SET_COOKIE};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use uuid::Uuid;

use crate::support::{Process, TestServer};

const SOCKETS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate and its key, which are replaced as tools for renewals do.
struct Pair {
    folder: TempDir,
}

impl Pair {
    async fn new() -> Self {
        let pair = Self { folder: TempDir::new().unwrap() };
        pair.renew().await;
        pair
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    async fn renew(&self) {
        make(&self.certificate(), &self.key()).await;
    }

    fn arguments(&self) -> [String; 2] {
        [format!("--tls-cert={}", self.certificate().display()), format!("--tls-key={}", self.key().display())]
    }
}

async fn make(certificate: &Path, key: &Path) {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    command.args(["-subj", "/CN=localhost", "-keyout"]).arg(key).arg("-out").arg(certificate);
    let made =
        command.stdin(Stdio::null()).stderr(Stdio::null()).status().await.expect("openssl is there: see `make setup`");
    assert!(made.success());
}

/// Accepts any certificate: these are signed by themselves.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn connect(address: SocketAddr) -> TlsStream<TcpStream> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate)).with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.unwrap()
}

/// The certificate that a new connection gets.
async fn certificate(address: SocketAddr) -> Vec<u8> {
    let stream = connect(address).await;
    stream.get_ref().1.peer_certificates().expect("it has one")[0].to_vec()
}

fn https() -> reqwest::Client {
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A WebSocket by TLS.
struct Socket(WebSocketStream<TlsStream<TcpStream>>);

impl Socket {
    /// A member's connection, after its snapshot.
    async fn enter(address: SocketAddr, token: &str, room: &str) -> Self {
        let mut request = format!("wss://localhost:{}/ws", address.port()).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "tutti.v1".parse().unwrap());
        let (socket, _) = tokio_tungstenite::client_async(request, connect(address).await).await.unwrap();
        let mut socket = Self(socket);
        let device = json!({ "id": Uuid::new_v4(), "name": "Phone", "kind": "remote" });
        socket.send(&json!({ "type": "hello", "token": token, "room": room, "device": device })).await;
        socket.until("snapshot").await;
        socket
    }

    async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame of a type.
    async fn until(&mut self, kind: &str) -> Value {
        let found = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        if frame["type"] == kind {
                            return frame;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("no {kind}: {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("a frame")
    }

    async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    }
}

async fn guest(http: &reqwest::Client, address: SocketAddr) -> (String, reqwest::Response) {
    let url = format!("https://{address}/api/v1/auth/guest");
    let answer = http.post(url).json(&json!({ "display_name": "Ana" })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    (cookie, answer)
}

async fn room(http: &reqwest::Client, address: SocketAddr, token: &str) -> String {
    let url = format!("https://{address}/api/v1/rooms");
    let opened = http.post(url).bearer_auth(token).json(&json!({ "name": "Kitchen" })).send().await.unwrap();
    assert!(opened.status().is_success(), "{}", opened.text().await.unwrap());
    opened.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_two_hundred_sockets_stay_connected() {
    let pair = Pair::new().await;
    let [certificate_flag, key_flag] = pair.arguments();
    let limits = ["--limit-connections-per-user=1000", "--limit-connections-per-address=1000"];
    let mut server = TestServer::start_with(&[&certificate_flag, &key_flag, limits[0], limits[1]]).await;
    let (http, address) = (https(), server.address);
    let (cookie, answer) = guest(&http, address).await;
    assert!(cookie.contains("; Secure"), "{cookie}");
    let token = answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let code = room(&http, address, &token).await;
    let mut sockets = join_all((0..SOCKETS).map(|_| Socket::enter(address, &token, &code))).await;

    let first = certificate(address).await;
    // A renewal that is half done, or wrong, changes nothing.
    let kept = std::fs::read(pair.key()).unwrap();
    pair.renew().await;
    let renewed = std::fs::read(pair.key()).unwrap();
    std::fs::write(pair.key(), &kept).unwrap();
    server.reload_certificate().await;
    assert_eq!(certificate(address).await, first, "its key is another one");
    std::fs::write(pair.key(), "nonsense").unwrap();
    server.reload_certificate().await;
    assert_eq!(certificate(address).await, first);
    std::fs::write(pair.key(), renewed).unwrap();
    server.reload_certificate().await;
    assert_ne!(certificate(address).await, first, "new connections get the new one");

    // Everybody is still there, in both directions: a command reaches all of them.
    let command = json!({ "type": "command", "id": Uuid::new_v4(), "command": { "name": "lock" } });
    sockets[0].send(&command).await;
    let locked = async |socket: &mut Socket| {
        while socket.until("delta").await["events"][0]["name"] != "settings_changed" {}
    };
    join_all(sockets.iter_mut().map(locked)).await;
    for socket in &mut sockets {
        socket.send(&json!({ "type": "sync", "t0": 1 })).await;
    }
    join_all(sockets.iter_mut().map(|socket| socket.until("sync"))).await;

    // They are drained like all others.
    let ((), codes) = tokio::join!(server.stop(), join_all(sockets.iter_mut().map(Socket::close_code)));
    assert_eq!(codes, vec![Some(4001); SOCKETS]);
}

#[tokio::test]
async fn plain_http_is_answered_with_the_https_address() {
    let pair = Pair::new().await;
    let arguments = pair.arguments();
    let mut server = TestServer::start_with(&arguments.each_ref().map(String::as_str)).await;
    let http = https();
    let plain = |path: &str| http.get(format!("http://{}{path}", server.address));
    let answer = plain("/r/7KM2QX?a=b").header(HOST, "tutti.lan:8080").send().await.unwrap();
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.headers()[LOCATION], "https://tutti.lan:8080/r/7KM2QX?a=b");
    assert_eq!(answer.text().await.unwrap(), "This port speaks https: https://tutti.lan:8080/r/7KM2QX?a=b\n");
    assert_eq!(plain("/api/v1/server").send().await.unwrap().status(), 308, "nothing is served");

    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(" 400 ") && answer.ends_with("This port speaks https\n"), "{answer}");
    let secure = http.get(format!("https://{}/readyz", server.address)).send().await.unwrap();
    assert_eq!(secure.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn the_program_speaks_https_and_reads_its_certificate_again_on_a_signal() {
    let (pair, dir) = (Pair::new().await, TempDir::new().unwrap());
    let arguments = pair.arguments();
    let mut server = Process::start(dir.path(), &arguments.each_ref().map(String::as_str));
    let address: SocketAddr = server.log_line("serving at https://").await.parse().unwrap();
    let mut health = Command::new(env!("CARGO_BIN_EXE_tutti"));
    health.arg("health").args(&arguments).arg(format!("--listen={address}")).env_remove("TUTTI_BINARY");
    let health = health.kill_on_drop(true).output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&health.stdout), "ready\n", "{health:?}");

    let first = certificate(address).await;
    pair.renew().await;
    server.signal("HUP").await;
    server.log_line("certificate reloaded").await;
    assert_ne!(certificate(address).await, first);
    std::fs::remove_file(pair.key()).unwrap();
    server.signal("HUP").await;
    server.log_line("certificate not reloaded; the current one stays in use").await;
    certificate(address).await;
    server.stop().await;

    let refused = Process::start(dir.path(), &arguments.each_ref().map(String::as_str)).failure().await;
    assert!(refused.contains("TUTTI_TLS_KEY=") && refused.contains("key.pem"), "{refused}");
}
