//! `me/accounts`: the accounts that are logged in on one device, by their cookies.

use std::net::IpAddr;

use tutti_protocol::http::{AccountList, DeviceAccount, SLOTS};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::auth;
use crate::http::cookie::{Slot, SlotChoice};
use crate::http::middleware::{Entrant, client_address, entrant, json, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::Caller;

/// `me/accounts`, `me/accounts/{slot}` and `me/accounts/{slot}/activate`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let asked = || with(context).and(client_address(context)).and(entrant(context));
    let list = warp::path!("me" / "accounts").and(warp::get()).and(asked()).then(list).map(respond);
    let activate =
        warp::path!("me" / "accounts" / u8 / "activate").and(warp::post()).and(asked()).then(activate).map(respond);
    let remove = warp::path!("me" / "accounts" / u8).and(warp::delete()).and(asked()).then(remove).map(respond);
    list.or(activate).unify().or(remove).unify().boxed()
}

async fn list(context: SharedContext, address: IpAddr, entrant: Entrant) -> Result<impl Reply, ApiError> {
    context.limits.refreshes.check(&address)?;
    let mut accounts = Vec::new();
    for (slot, token) in entrant.cookies {
        let caller = Caller { refresh_token: Some(token), ..Caller::default() };
        if let Some(user) = context.identity.peek(&caller).await? {
            accounts.push(DeviceAccount { slot: slot.number(), user: user.into() });
        }
    }
    Ok(json(&AccountList { accounts, slots_max: SLOTS }))
}

async fn activate(number: u8, context: SharedContext, address: IpAddr, entrant: Entrant) -> Result<Response, ApiError> {
    let entrant = entrant.in_slot(SlotChoice::At(slot(number)?));
    auth::refresh(context, address, entrant).await
}

async fn remove(number: u8, context: SharedContext, _address: IpAddr, entrant: Entrant) -> Result<Response, ApiError> {
    let entrant = entrant.in_slot(SlotChoice::At(slot(number)?));
    auth::leave(&context, &entrant).await
}

fn slot(number: u8) -> Result<Slot, ApiError> {
    Slot::new(number).ok_or_else(|| ApiError::not_found("There is no such slot."))
}
