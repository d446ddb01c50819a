//! `me/accounts`: the accounts that are logged in on one device, by their cookies.

use std::net::IpAddr;

use tutti_protocol::http::{AccountList, DeviceAccount, SLOTS};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::auth;
use crate::http::cookie::{Slot, SlotChoice};
use crate::http::middleware::{DeviceSlot, client_address, device_slot, json, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::Caller;

/// `me/accounts`, `me/accounts/{slot}` and `me/accounts/{slot}/activate`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let device_request = || with(context).and(client_address(context)).and(device_slot(context));
    let list = warp::path!("me" / "accounts").and(warp::get()).and(device_request()).then(list).map(respond);
    let activate = warp::path!("me" / "accounts" / u8 / "activate")
        .and(warp::post())
        .and(device_request())
        .then(activate)
        .map(respond);
    let remove =
        warp::path!("me" / "accounts" / u8).and(warp::delete()).and(device_request()).then(remove).map(respond);
    list.or(activate).unify().or(remove).unify().boxed()
}

async fn list(context: SharedContext, address: IpAddr, device_slot: DeviceSlot) -> Result<impl Reply, ApiError> {
    context.limits.refreshes.check(address)?;
    let mut accounts = Vec::new();
    for (slot, token) in device_slot.tokens {
        let caller = Caller { refresh_token: Some(token), ..Caller::default() };
        if let Some(user) = context.identity.peek(&caller).await? {
            accounts.push(DeviceAccount { slot: slot.number(), user: user.into() });
        }
    }
    Ok(json(&AccountList { accounts, slots_max: SLOTS }))
}

async fn activate(
    number: u8,
    context: SharedContext,
    address: IpAddr,
    device_slot: DeviceSlot,
) -> Result<Response, ApiError> {
    let device_slot = device_slot.in_slot(SlotChoice::At(slot(number)?));
    auth::refresh(context, address, device_slot).await
}

async fn remove(
    number: u8,
    context: SharedContext,
    _address: IpAddr,
    device_slot: DeviceSlot,
) -> Result<Response, ApiError> {
    let device_slot = device_slot.in_slot(SlotChoice::At(slot(number)?));
    auth::end_session(&context, &device_slot).await
}

fn slot(number: u8) -> Result<Slot, ApiError> {
    Slot::new(number).ok_or_else(|| ApiError::not_found("There is no such slot."))
}
