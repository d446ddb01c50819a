//! The settings of the `tutti` program: what it refuses at its start, and whether `tutti health` finds the server by them.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::support::Process;

/// Everything ends sooner.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the program with these variables until it ends; its exit code and what it printed.
async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let dir = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tutti"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TUTTI_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("TUTTI_DATA_DIR", dir.path()).envs(variables.iter().copied());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.expect("it ends").expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_with_name_value_and_remedy() {
    // Variables, and what is said about them.
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    let cases: [Case; 14] = [
        (&[("TUTTI_PUBLIC_URL", "tutti.example")], &["TUTTI_PUBLIC_URL", "'tutti.example'", "https://tutti.example"]),
        (&[("TUTTI_PUBLIC_URL", "https://tutti.example/?x")], &["TUTTI_PUBLIC_URL", "write https://tutti.example"]),
        (
            &[("TUTTI_ALLOWED_ORIGINS", "https://a.example, b.example")],
            &["TUTTI_ALLOWED_ORIGINS", "b.example'", "write https://b.example"],
        ),
        (&[("TUTTI_ALLOWED_ORIGINS", "https://a.example/x")], &["an origin has no path; write https://a.example"]),
        (&[("TUTTI_TRUSTED_PROXIES", "127.0.0.1, nginx")], &["TUTTI_TRUSTED_PROXIES", "nginx'", "10.0.0.0/8"]),
        (&[("TUTTI_LISTEN", ":9000")], &["TUTTI_LISTEN", "':9000'", "0.0.0.0:9000"]),
        (&[("TUTTI_LOG", "tutti=loud")], &["TUTTI_LOG", "'tutti=loud'", "such as info"]),
        (&[("TUTTI_LIMIT_JOINS", "0")], &["TUTTI_LIMIT_JOINS", "'0'"]),
        (&[("TUTTI_PUBLIC_URI", "https://tutti.example")], &["TUTTI_PUBLIC_URI; did you mean TUTTI_PUBLIC_URL?"]),
        (
            &[("TUTTI_LISTEN", "127.0.0.1:4444"), ("TUTTI_METRICS_LISTEN", "127.0.0.1:4444")],
            &["TUTTI_METRICS_LISTEN=127.0.0.1:4444", "another one"],
        ),
        (&[("TUTTI_NATS_URL", "https://ana:secret@nats")], &["TUTTI_NATS_URL", "must begin with nats:// or tls://"]),
        (&[("TUTTI_NATS_PREFIX", "my party")], &["TUTTI_NATS_PREFIX", "'my party'", "1 to 32 letters"]),
        (
            &[("TUTTI_NATS_URL", "nats://ana:secret@127.0.0.1")],
            &["TUTTI_NATS_URL is set, and the database is SQLite", "or remove TUTTI_NATS_URL"],
        ),
        (&[("TUTTI_DATABASE_URL", "postgres://ana:secret@db/tutti")], &["TUTTI_DATABASE_URL", "sqlite: or mysql:"]),
    ];
    for (variables, expected) in cases {
        let (code, said) = run(&["serve"], variables).await;
        assert!(matches!(code, Some(1 | 2)), "{variables:?}: {code:?} {said}");
        for words in expected {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn empty_variables_lists_with_spaces_and_networks_are_accepted() {
    let dir = TempDir::new().unwrap();
    let variables = [
        ("TUTTI_PUBLIC_URL", ""),
        ("TUTTI_TRUSTED_PROXIES", "127.0.0.1, 172.16.0.0/12, ::ffff:10.0.0.0/104, fd00::/8"),
        ("TUTTI_ALLOWED_ORIGINS", "https://a.example, https://b.example:8443"),
        ("TUTTI_SPOTIFY_CLIENT_ID", ""),
        ("TUTTI_LIMIT_JOINS", ""),
        ("TUTTI_MDNS_NAME", ""),
    ];
    let mut server = Process::start_with_variables(dir.path(), &variables);
    server.address().await;
    server.stop().await;
}

#[tokio::test]
async fn health_is_that_of_the_server_of_the_same_settings() {
    let dir = TempDir::new().unwrap();
    let mut server = Process::start(dir.path(), &[]);
    let listen = server.address().await.to_string();
    let (code, said) = run(&["health"], &[("TUTTI_LISTEN", &listen)]).await;
    assert_eq!((code, said.as_str()), (Some(0), "ready\n"));
    // As in a container, which listens everywhere; the flag says where.
    let everywhere = listen.replace("127.0.0.1", "0.0.0.0");
    let (code, said) = run(&["health", "--listen", &everywhere], &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), "ready\n"));
    server.stop().await;

    let (code, said) = run(&["health"], &[("TUTTI_LISTEN", &listen)]).await;
    assert_eq!(code, Some(1));
    assert!(said.starts_with("tutti: not ready: nothing answers at") && said.lines().count() == 1, "{said}");
    let (code, said) = run(&["health", "--listen=127.0.0.1:0"], &[]).await;
    assert_eq!(code, Some(1), "{said}");
}

#[tokio::test]
async fn health_gives_a_silent_server_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = silent.local_addr().unwrap().to_string();
    let arguments = ["health", "--timeout=1", "--listen", &listen];
    let (code, said) = run(&arguments, &[]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("no answer from") && said.contains("within 1 s") && said.lines().count() == 1, "{said}");
    // It did ask.
    let mut request = [0; 16];
    silent.accept().await.unwrap().0.read_exact(&mut request).await.unwrap();
    assert_eq!(&request, b"GET /readyz HTTP");
}
