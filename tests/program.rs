//! The `tutti` program: its signals and its exit code.

use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::Process;

#[tokio::test]
async fn sigterm_during_the_start_ends_the_program_successfully() {
    // A database that accepts a connection and never answers keeps the program in its start.
    let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dir = TempDir::new().unwrap();
    let url = format!("--database-url=mysql://tutti@{}/tutti", database.local_addr().unwrap());
    let starting = Process::start(dir.path(), &[&url]);
    let _connection = database.accept().await.unwrap();
    starting.stop().await;
}
