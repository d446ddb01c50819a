//! `search`: one provider's tracks.

use tutti_protocol::ProviderId;
use tutti_protocol::http::SearchResponse;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::rooms::room_of_member;
use crate::http::middleware::{json, respond, searching, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::providers::{Asker, ProviderError, Query};

/// `GET search?provider=&q=&cursor=&room=`: a [`SearchResponse`]. Without `provider`, the library is searched. `room`
/// names a room of the user, whose host's linked account serves users without one.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    warp::path!("search")
        .and(warp::get())
        .and(searching(context))
        .and(warp::query::<Vec<(String, String)>>())
        .and(with(context))
        .then(search)
        .map(respond)
        .boxed()
}

async fn search(
    access: AccessClaims,
    parameters: Vec<(String, String)>,
    context: SharedContext,
) -> Result<impl Reply, ApiError> {
    let (mut provider, mut text, mut cursor, mut room) = (None, String::new(), None, None);
    for (name, value) in parameters {
        match name.as_str() {
            "provider" => provider = Some(value),
            "q" => text = value,
            "cursor" => cursor = Some(value).filter(|cursor| !cursor.is_empty()),
            "room" => room = Some(value),
            _ => {}
        }
    }
    let id = provider.map_or(Some(ProviderId::LIBRARY), |provider| ProviderId::parse(&provider));
    let provider = id.and_then(|id| context.catalogue.get(id));
    let provider = provider.ok_or_else(|| ApiError::invalid("This server has no such music provider."))?;
    let host = match room.filter(|_| provider.capabilities().needs_link) {
        Some(code) => room_of_member(&context, &code, access.user).await?.1.view().borrow().host,
        None => None,
    };
    let from_provider = |error| ApiError::from_provider(provider, error);
    let query = Query::new(text, cursor).map_err(from_provider)?;
    match provider.search(&Asker { user: access.user, host }, &query).await {
        Ok(page) => Ok(json(&SearchResponse { tracks: page.items, next_cursor: page.next_cursor, closed: false })),
        // Not an error: most users never link an account.
        Err(ProviderError::NotLinked) => Ok(json(&SearchResponse { tracks: vec![], next_cursor: None, closed: true })),
        Err(error) => Err(from_provider(error)),
    }
}
