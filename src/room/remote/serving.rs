//! At the owner: hands what another server's connections want to the room, and tells that server what is no broadcast.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{mpsc, oneshot};
use tutti_protocol::{ConnectionId, DeviceId, RoomCode, UserId};

use super::message::{Answer, Entering, EnteringParty, Question, Request, Said, ViewChange};
use super::relay::Relay;
use super::{Heard, Remotes};
use crate::limits::{REMOTE_BEAT, REMOTE_SILENCE_MAX};
use crate::room::handle::{Join, Message, Origin, RoomError, RoomHandle};
use crate::room::registry::Registry;
use crate::room::view::View;
use crate::store::LifeId;
use crate::transport::{Link, Outbox, Party};

/// Serves one stream until its server ends it, dies or begins another one, or this one gives the room away.
pub(super) async fn serve(
    remotes: Remotes,
    rooms: Registry,
    room: RoomCode,
    holder: LifeId,
    stream: u64,
    queue: mpsc::Receiver<Heard<Request>>,
) {
    let relay = Arc::new(Relay::new(remotes.clone(), holder, room, stream));
    // A room that no server has yet is claimed here: the sender has reason to believe that it belongs here.
    let handle = rooms.open(room).await.ok();
    let owned = match &handle {
        Some(handle) => handle.ask(|serves| Message::Serve { serves }).await.unwrap_or(false),
        None => false,
    };
    if let Some(handle) = handle.filter(|_| owned) {
        let serving = Serving {
            remotes,
            room,
            holder,
            relay,
            now_ms: rooms.clock().now_ms(),
            view: None,
            handle,
            connections: HashSet::new(),
            followers: vec![],
            pending: FuturesUnordered::new(),
        };
        serving.run(queue).await;
    } else {
        drop(queue);
        remotes.remove_stream(holder, room);
        relay.say(Said::NotOwner);
    }
}

struct Serving {
    remotes: Remotes,
    room: RoomCode,
    holder: LifeId,
    relay: Arc<Relay>,
    now_ms: i64,
    /// What the holder knows of the room's view.
    view: Option<View>,
    handle: RoomHandle,
    connections: HashSet<ConnectionId>,
    followers: Vec<Option<DeviceId>>,
    /// What the room has not answered yet.
    pending: FuturesUnordered<BoxFuture<'static, Option<Said>>>,
}

impl Serving {
    async fn run(mut self, mut queue: mpsc::Receiver<Heard<Request>>) {
        let (mut living, mut views) = (self.remotes.living(), self.handle.view());
        let mut passcode = self.handle.passcode.subscribe();
        views.mark_changed();
        let mut beats = tokio::time::interval(REMOTE_BEAT);
        let (mut received, mut silent_beats) = (0, 0);
        loop {
            tokio::select! {
                heard = queue.recv() => match heard {
                    Some(Heard { number, what, .. }) if number == received + 1 => {
                        (received, silent_beats) = (number, 0);
                        if matches!(what, Request::Close) {
                            break;
                        }
                        self.take(what).await;
                    }
                    Some(Heard { number, .. }) if number <= received => {}
                    Some(_) => {
                        self.relay.say(Said::Lost);
                        break;
                    }
                    // The holder has begun another stream.
                    None => break,
                },
                Some(said) = self.pending.next(), if !self.pending.is_empty() => {
                    if let Some(said) = said {
                        self.relay.say(said);
                    }
                }
                Ok(()) = views.changed() => {
                    let view = views.borrow_and_update().clone();
                    self.relay.say(Said::View(Box::new(change(self.view.as_ref(), &view))));
                    self.view = Some(view);
                }
                Ok(()) = passcode.changed() => self.relay.say(Said::PasscodeChanged),
                _ = beats.tick() => {
                    silent_beats += 1;
                    if silent_beats * REMOTE_BEAT > REMOTE_SILENCE_MAX {
                        break;
                    }
                    self.relay.say(Said::Beat);
                }
                Ok(()) = living.changed() => {
                    if !living.borrow_and_update().contains_key(&self.holder) {
                        break;
                    }
                }
                () = self.handle.inbox.closed() => {
                    self.relay.say(Said::NotOwner);
                    break;
                }
            }
        }
        drop(queue);
        self.remotes.remove_stream(self.holder, self.room);
        for connection in self.connections {
            self.handle.disconnect(connection).await;
        }
        for device in self.followers {
            self.handle.unfollow(device).await;
        }
    }

    async fn take(&mut self, request: Request) {
        match request {
            Request::Open | Request::Close | Request::Beat => {}
            Request::Enter(entering) => self.enter(*entering).await,
            Request::Leave { connection } => {
                if self.connections.remove(&connection) {
                    self.handle.disconnect(connection).await;
                }
            }
            Request::Command { connection, by, id, command, tracks } => {
                self.send(Message::Command { origin: Origin { connection, by, id }, command, tracks }).await;
            }
            Request::Status { connection, status } => self.handle.status(connection, status),
            Request::Resync { connection } => self.handle.resync(connection).await,
            Request::Follow { device } => {
                self.followers.push(device);
                self.handle.follow(device).await;
            }
            Request::Unfollow { device } => {
                if let Some(index) = self.followers.iter().position(|known| *known == device) {
                    self.followers.swap_remove(index);
                    self.handle.unfollow(device).await;
                }
            }
            Request::NotifyHost { code, message, values } => {
                self.send(Message::NotifyHost { code: code.into(), message, values }).await;
            }
            Request::Ask { number, question } => self.ask(number, question).await,
        }
    }

    async fn enter(&mut self, entering: Entering) {
        let Entering { connection, party, address, device, expires_at_ms, resume } = entering;
        let outbox = Arc::new(Outbox::relayed(self.relay.clone(), connection));
        let (party, newcomer) = match party {
            EnteringParty::User { newcomer, session } => (Party::User { user: newcomer.id, session }, Some(newcomer)),
            EnteringParty::Screen(screen) => (Party::Screen(screen), None),
        };
        let link = Arc::new(Link::of(connection, party, address, device, outbox, (self.now_ms, expires_at_ms)));
        let (joined, answer) = oneshot::channel();
        self.connections.insert(connection);
        self.send(match newcomer {
            Some(newcomer) => Message::Join { join: Join { link, newcomer, resume }, joined },
            None => Message::JoinScreen { link, resume, joined },
        })
        .await;
        let rejected = answer.map(move |joined| match joined.unwrap_or(Err(RoomError::Unavailable)) {
            // `welcome` was sent before.
            Ok(()) => None,
            Err(error) => Some(Said::Rejected { connection, error }),
        });
        self.pending.push(rejected.boxed());
    }

    async fn ask(&mut self, number: u64, question: Question) {
        match question {
            Question::RoleOf { user } => {
                self.question(number, Answer::Role, |role| Message::RoleOf { user, role }).await;
            }
            Question::HasTrack { track } => {
                self.question(number, Answer::Yes, |has| Message::HasTrack { track, has }).await;
            }
            Question::IsUnused => self.question(number, Answer::Yes, |unused| Message::IsUnused { unused }).await,
            Question::Require { user, action } => {
                self.question(number, Answer::Done, |allowed| Message::Require { user, action, allowed }).await;
            }
            Question::SetPasscode { by, passcode } => {
                let passcode = passcode.map(Into::into);
                self.question(number, Answer::Done, |set| Message::SetPasscode { by, passcode, set }).await;
            }
            Question::AddScreen { by, screen, name } => {
                self.question(number, Answer::Done, |added| Message::AddScreen { by, screen, name, added }).await;
            }
            Question::CloseRoom { by } => {
                self.question(number, Answer::Done, |closed| Message::Close { by, closed }).await;
            }
            Question::HandOver { to } => {
                self.question(number, Answer::Done, |done| Message::HandOver { to, done }).await;
            }
            Question::Connections => {
                self.question(number, Answer::Count, |count| Message::Connections { count }).await;
            }
            Question::Merge { from, to } => {
                self.question(number, Answer::Done, |merged| Message::Merge { from, to, merged }).await;
            }
            Question::Forget { member } => {
                self.question(number, Answer::Done, |forgotten| Message::Forget { member, forgotten }).await;
            }
        }
    }

    /// Asks the room; without its answer the holder gives up after a while.
    async fn question<T: Send + 'static>(
        &mut self,
        number: u64,
        answer: impl FnOnce(T) -> Answer + Send + 'static,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) {
        let (sender, answered) = oneshot::channel();
        self.send(message(sender)).await;
        let said = answered.map(move |answered| Some(Said::Answer { number, answer: answer(answered.ok()?) }));
        self.pending.push(said.boxed());
    }

    async fn send(&mut self, message: Message) {
        let _ = self.handle.inbox.send(Box::new(message)).await;
    }
}

/// How a view differs from what is known.
fn change(known: Option<&View>, view: &View) -> ViewChange {
    let View { host, members, now_playing, playback, output, providers, closed } = view;
    let (came, went): (Vec<UserId>, Vec<UserId>) = match known {
        Some(known) => (
            members.difference(&known.members).copied().collect(),
            known.members.difference(members).copied().collect(),
        ),
        None => (members.iter().copied().collect(), vec![]),
    };
    ViewChange {
        host: *host,
        came,
        went,
        now_playing: now_playing.clone(),
        playback: *playback,
        output: output.clone(),
        providers: providers.iter().copied().collect(),
        closed: *closed,
    }
}
