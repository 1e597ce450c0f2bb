//! What is left of the transfer of the month, for requests that ask for it.

use http::header::HeaderName;

use super::problem::or_problem;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::gate::Authorization;
use crate::message::{Parts, Response};

/// In a request, with any value, it asks for itself in the answer.
const REMAINING: &str = "x-free-remaining-bytes";

/// Whether a request asks for it.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    parts.headers.contains_key(REMAINING)
}

/// The answer, with what is left if the request asks for it: of a failed one, too.
///
/// # Errors
///
/// [`Error::Waiting`] and, if nothing is to be added, that of the request.
pub(super) fn told(
    client: &Client,
    parts: &Parts,
    authorization: &Authorization,
    answered: Result<Response>,
) -> Result<Response> {
    if !is_wanted(parts) || matches!(answered, Err(Error::Waiting)) {
        return answered;
    }
    let Some(left) = authorization.transfer_left() else { return answered };
    let mut response = or_problem(client, parts, answered);
    response.headers.insert(HeaderName::from_static(REMAINING), left.into());
    Ok(response)
}
