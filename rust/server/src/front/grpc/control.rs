//! The callers of control-plane methods.
//!
//! Momento's clients send the token that makes keys and tokens in the message,
//! some of them nowhere else.

use momento_protos::auth::GenerateApiTokenRequest;
use momento_protos::token::GenerateDisposableTokenRequest;

use super::headers;
use super::wire::decoded;
use crate::error::Result;
use crate::front::client::Client;
use crate::gate::Caller;
use crate::message::Parts;

const DISPOSABLE: &str = "/token.Token/GenerateDisposableToken";
const GENERATE: &str = "/auth.Auth/GenerateApiToken";
const AUTH: &str = "/auth.Auth/";

/// The caller of the method in `parts`; `None` where the control plane authenticates by itself.
///
/// # Errors
///
/// Those of [`crate::gate::Gate::admit_to_control`], and [`crate::error::Error::Malformed`].
pub(super) fn caller(client: &Client, parts: &Parts, message: &[u8]) -> Result<Option<Caller>> {
    let in_message = match parts.target.path() {
        DISPOSABLE => decoded::<GenerateDisposableTokenRequest>(message)?.auth_token,
        GENERATE => decoded::<GenerateApiTokenRequest>(message)?.auth_token,
        // The credential of a refresh is its refresh token, which only the control plane knows.
        path if path.starts_with(AUTH) => return Ok(None),
        _ => String::new(),
    };
    let in_message = in_message.as_bytes();
    let in_header = headers::token(&parts.headers)?;
    let token = if in_message.is_empty() { in_header } else { in_message };
    let now = client.worker.core.clock.now();
    let credential = client.credential(parts, token);
    client.noting(client.worker.core.gate.admit_to_control(credential, now)).map(Some)
}
