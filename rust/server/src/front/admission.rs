//! The credential of a request, wherever the client has put it, and what is known by it before the body
//! has come.

use std::borrow::Cow;

use super::client::Client;
use super::rest::paths;
use super::rest::query::Query;
use super::{authorization, basic};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::gate::Credential;
use crate::message::Parts;
use crate::plan::Exceeded;

/// Whether the request has a valid credential; that of a suspended account is one.
pub(crate) fn is_authenticated(client: &Client, parts: &Parts) -> bool {
    let Ok(query) = Query::of(&parts.target) else { return false };
    let basic = basic::password(&parts.headers);
    let token = query.token.as_deref();
    let Ok(credential) = credential(client, parts, token, basic.as_deref()) else {
        return false;
    };
    let now = client.worker.core.clock.now();
    let gate = &client.worker.core.gate;
    is_valid(&gate.admit(credential, now))
        || paths::is_data(&parts.target) && is_valid(&gate.admit_url(credential, now))
}

/// The limit of the account's plan that will refuse the request whatever its body is, if one is met.
/// So much of the body need not be awaited.
pub(crate) fn over_limit(client: &Client, parts: &Parts, now: Now) -> Option<Exceeded> {
    let query = Query::of(&parts.target).ok()?;
    let basic = basic::password(&parts.headers);
    let credential = credential(client, parts, query.token.as_deref(), basic.as_deref()).ok()?;
    let named = parts.headers.get("cache").map(|name| Cow::Borrowed(name.as_bytes()));
    let cache = paths::cache(&parts.target).or(named)?;
    let (gate, meter) = (&client.worker.core.gate, &client.worker.meter);
    let authorized =
        client.authorizations.borrow_mut().authorize(gate, meter, credential, &cache, now);
    authorized.ok()?.over_limit(now)
}

fn is_valid<T>(admitted: &Result<T>) -> bool {
    matches!(admitted, Ok(_) | Err(Error::Suspended))
}

/// The token of a request, from the header or the query, never from both; `basic` is the one that
/// [`basic::password`] finds in the header.
pub(super) fn credential<'a>(
    client: &Client,
    parts: &'a Parts,
    query: Option<&'a str>,
    basic: Option<&'a [u8]>,
) -> Result<Credential<'a>> {
    let header = authorization::token(&parts.headers)?;
    let header = basic.or(header);
    if header.is_some() && query.is_some() {
        let both = "send the token as `authorization` or as `token`, not as both";
        return Err(Error::Malformed(both));
    }
    let query = query.map(|token| authorization::bare(token.as_bytes()));
    let token = header.or(query).unwrap_or_default();
    Ok(client.credential(parts, token))
}
