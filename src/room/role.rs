//! The task of a room, which decides for it or relays connections to the server that does.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::actor::{Actor, Successor};
use super::handle::Message;
use super::remote::{Edge, Ended, Taken, Takeover};

/// What this server is to a room.
pub(super) enum Role {
    /// It decides; first about these messages.
    Owner(Box<Actor>, Vec<Message>),
    /// Another server decides.
    Edge(Box<Edge>),
}

impl Role {
    /// Runs until the room leaves memory or the server stops.
    pub(super) async fn run(self, mut inbox: mpsc::Receiver<Box<Message>>, stop: CancellationToken) {
        let mut role = self;
        loop {
            role = match role {
                Self::Owner(actor, waiting) => match actor.run(&mut inbox, &stop, waiting).await {
                    Some(successor) => Self::relaying(successor),
                    None => return,
                },
                Self::Edge(edge) => match Box::pin(edge.run(&mut inbox, &stop)).await {
                    Ended::Owner(taken) => {
                        let Taken { room, fence, loaded, takeover } = *taken;
                        let Takeover { connections, followers, messages } = takeover;
                        let mut actor = Box::new(Actor::new(room, fence, loaded));
                        actor.adopt(connections, followers);
                        Self::Owner(actor, messages)
                    }
                    Ended::Over => return,
                },
            };
        }
    }

    fn relaying(Successor { node, room, takeover }: Successor) -> Self {
        let remotes = room.context.remotes.clone().expect("a room is taken over by a server that shares it");
        Self::Edge(Box::new(Edge::new(room, remotes, &node, takeover)))
    }
}
