//! A user who erases themselves is gone, whatever was open at the time.

use std::fs;
use std::path::Path;

use reqwest::Method;
use tutti_protocol::Command;

use super::Party;
use crate::support::{Process, guest};

const NAME: &str = "Xanthippe Quince";
const ROOM: &str = "Xanthippe's attic";

/// The files below `folder` that contain `text`.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files_with(&entry, text));
        } else if fs::read(&entry).expect("a file").windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(entry.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn nothing_is_left_of_a_user_who_erases_themselves_with_a_room_open() {
    let party = Party::start(&[]).await;
    let gone = guest(party.address, NAME).await;
    let code = gone.room(ROOM, None).await.code.to_string();
    let mut own = gone.enter(&code).await;
    let mut elsewhere = gone.enter(&party.code).await;
    for socket in [&mut own, &mut elsewhere] {
        socket.ask(Command::Rename { display_name: format!("{NAME} II") }).await;
    }
    assert!(!files_with(party.dir.path(), NAME).is_empty());

    assert_eq!(gone.status(Method::DELETE, "me").await, 204);
    assert_eq!(files_with(party.dir.path(), NAME), [""; 0], "while the server runs");
    let Party { server, dir, .. } = party;
    // The rooms save checkpoints before the server ends.
    server.stop().await;
    for text in [NAME, ROOM] {
        assert_eq!(files_with(dir.path(), text), [""; 0], "after it has stopped");
    }
    let mut again = Process::start(dir.path(), &[]);
    again.address().await;
    again.stop().await;
    assert_eq!(files_with(dir.path(), NAME), [""; 0]);
}
