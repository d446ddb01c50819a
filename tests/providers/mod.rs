//! Providers.

mod contract;
mod library;
mod scripted;
pub mod spotify;

use tutti::providers::{Asker, Page, Provider, ProviderError, Query};
use tutti_protocol::{Track, UserId};

/// A caller without an account or a room.
fn asker() -> Asker {
    Asker { user: UserId::NIL, host: None }
}

/// One page of a search, as a route requests it.
async fn search(provider: &dyn Provider, text: &str, cursor: Option<&str>) -> Result<Page<Track>, ProviderError> {
    provider.search(&asker(), &Query::new(text, cursor.map(Into::into))?).await
}
