//! `GET {provider}/tracks/{id}/segments/{quality}/{n}`: the audio of a track in pieces that every browser decodes to the same
//! samples.

use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tutti_protocol::segments::{Quality, SAMPLES_HEADER};
use tutti_protocol::{Reason, reason_values};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::tracks::{check_audio_access, failed, no_such_track, serving};
use crate::http::middleware::{authenticated, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;
use crate::providers::{Asker, Provider, ProviderError};
use crate::segments::PrepareError;

/// The id names a file, whose contents change rarely; another version of it has other entity tags.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=3600, immutable");

/// `GET {provider}/tracks/{id}/segments/{quality}/{n}`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    warp::path!(String / "tracks" / String / "segments" / String / u32)
        .and(warp::get())
        .and(authenticated(context))
        .and(warp::header::headers_cloned())
        .and(with(context))
        .then(segment)
        .map(respond)
        .boxed()
}

async fn segment(
    provider: String,
    id: String,
    quality: String,
    number: u32,
    access: AccessClaims,
    headers: HeaderMap,
    context: SharedContext,
) -> Result<Response, ApiError> {
    let provider = serving(&context.catalogue, &provider)?;
    check_audio_access(&context, access.user, provider.id(), &id).await?;
    let quality = Quality::parse(&quality).ok_or_else(|| ApiError::not_found("There is no such quality."))?;
    let Some(file) = provider.file(&id).await.map_err(failed(provider))? else {
        let asker = Asker { user: access.user, host: None };
        let known = matches!(provider.track(&asker, &id).await, Ok(Some(_)) | Err(ProviderError::Unplayable));
        return Err(if known { gone() } else { no_such_track() });
    };
    let made = context.preparer.segment(&file, quality, number).await;
    let (segment, tag) = made.map_err(|error| refusal(provider, error))?;
    let etag: ETag = tag.parse().map_err(|_| ApiError::internal(anyhow::anyhow!("a bad entity tag")))?;
    let known = headers.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(&etag));
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(segment.bytes.into()) };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(quality.content_type()));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(SAMPLES_HEADER, segment.samples.into());
    }
    headers.typed_insert(etag);
    headers.insert(header::CACHE_CONTROL, CACHE);
    Ok(response)
}

fn gone() -> ApiError {
    ApiError::from_reason(StatusCode::GONE, Reason::TrackGone, "The file of this track is no longer on the server.")
}

fn refusal(provider: &dyn Provider, error: PrepareError) -> ApiError {
    match error {
        PrepareError::PastEnd => {
            ApiError::from_reason(StatusCode::NOT_FOUND, Reason::SegmentPastEnd, "The track ends before this segment.")
        }
        PrepareError::Gone => gone(),
        PrepareError::Unplayable(_) => {
            let (status, reason) = (StatusCode::UNPROCESSABLE_ENTITY, Reason::TrackUnplayable);
            ApiError::from_reason(status, reason, "The server cannot decode the file of this track.")
                .with_reason(reason, reason_values([("provider", provider.id().as_str().into())]))
        }
        PrepareError::NotReady(why) => ApiError::unavailable(anyhow::anyhow!(why)),
    }
}
