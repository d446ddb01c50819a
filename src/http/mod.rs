//! Routes of `/api/v1`, one file a resource, over services that know nothing of HTTP.

pub mod error;

pub use error::ApiError;
