//! `browse`: what a provider lists.

use tutti_protocol::ProviderId;
use tutti_protocol::http::BrowseResponse;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::middleware::{json, respond, searching, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::providers::{Asker, Place};

/// `GET browse?provider=&kind=&id=&cursor=`: a [`BrowseResponse`]. Without `provider`, the library is listed. `kind` is
/// `artists`, `albums`, `genres`, `folders` or `recent`; with `id`, the group with that id is listed and `kind` is ignored.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    warp::path!("browse")
        .and(warp::get())
        .and(searching(context))
        .and(warp::query::<Vec<(String, String)>>())
        .and(with(context))
        .then(browse)
        .map(respond)
        .boxed()
}

async fn browse(
    access: AccessClaims,
    parameters: Vec<(String, String)>,
    context: SharedContext,
) -> Result<impl Reply, ApiError> {
    let (mut provider, mut kind, mut id, mut cursor) = (None, None, None, None);
    for (name, value) in parameters {
        match name.as_str() {
            "provider" => provider = Some(value),
            "kind" => kind = Some(value),
            "id" => id = Some(value),
            "cursor" => cursor = Some(value).filter(|cursor| !cursor.is_empty()),
            _ => {}
        }
    }
    let provider = provider.map_or(Some(ProviderId::LIBRARY), |provider| ProviderId::parse(&provider));
    let provider = provider.and_then(|id| context.catalogue.get(id));
    let provider = provider.filter(|provider| provider.capabilities().browses);
    let provider = provider.ok_or_else(|| ApiError::invalid("This server has no such provider to browse."))?;
    let place = match (id, kind.as_deref()) {
        (Some(id), _) => Place::Group(id),
        (None, Some("artists")) => Place::Artists,
        (None, Some("albums")) => Place::Albums,
        (None, Some("genres")) => Place::Genres,
        (None, Some("folders")) => Place::Folders,
        (None, Some("recent")) => Place::RecentlyAdded,
        _ => return Err(ApiError::invalid("Please name what to list: artists, albums, genres, folders or recent.")),
    };
    let asker = Asker { user: access.user, host: None };
    let page = provider.browse(&asker, &place, cursor.as_deref()).await;
    let page = page.map_err(|error| ApiError::from_provider(provider, error))?;
    let page = page.ok_or_else(|| ApiError::not_found("This is no longer in the library."))?;
    Ok(json(&BrowseResponse { items: page.items, tracks: page.tracks, next_cursor: page.next_cursor }))
}
