//! Who is an operator: a role of an account with a user name and a password. A guest is lost with a browser, and the role
//! must not hang on another service.
//!
//! Works on the store alone, so that the command line can use it beside a running server: it reads the role with every
//! request.

use secrecy::SecretString;
use tutti_protocol::Reason;
use tutti_protocol::http::Act;

use super::log::record;
use super::{OperatorResult, refused};
use crate::identity::{Username, password_link};
use crate::keys::Keys;
use crate::store::{Store, StoredUser};

/// Makes the account with a user name an operator; false when it is one.
pub async fn add(store: &dyn Store, name: &str, now_ms: i64) -> OperatorResult<bool> {
    let user = account(store, name).await?;
    if user.operator_since_ms.is_some() {
        return Ok(false);
    }
    if user.banned_at_ms.is_some() {
        return refused(Reason::BannedFromServer, "this account is banned from the server");
    }
    record(store, now_ms, None, Act::OperatorAdded, Some(user.id), None, None).await?;
    Ok(store.set_operator(user.id, Some(now_ms)).await?)
}

/// Takes the role from the account with a user name; false when it has none.
pub async fn remove(store: &dyn Store, name: &str, now_ms: i64) -> OperatorResult<bool> {
    let user = account(store, name).await?;
    if user.operator_since_ms.is_none() {
        return Ok(false);
    }
    record(store, now_ms, None, Act::OperatorRemoved, Some(user.id), None, None).await?;
    Ok(store.set_operator(user.id, None).await?)
}

/// A token with which the owner of the account with a user name chooses a new password.
pub async fn reset_password(store: &dyn Store, keys: &Keys, name: &str, now_ms: i64) -> OperatorResult<SecretString> {
    let user = account(store, name).await?;
    let Some((token, _)) = password_link(keys, &user, now_ms) else {
        return refused(Reason::NoPassword, "this account has no password");
    };
    record(store, now_ms, None, Act::PasswordLinkMade, Some(user.id), None, None).await?;
    Ok(token)
}

async fn account(store: &dyn Store, name: &str) -> OperatorResult<StoredUser> {
    let user = match Username::parse(name) {
        Ok(name) => store.user_by_username(name.normalized()).await?,
        Err(_) => None,
    };
    match user {
        Some(user) => Ok(user),
        None => refused(Reason::NoSuchPerson, "no account has this user name; create it on the page first"),
    }
}
