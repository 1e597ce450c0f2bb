//! Verifies tokens: JSON Web Tokens that our control plane signed with Ed25519.
//!
//! The algorithm is fixed and the key is looked up in the directory by its id: nothing in the token
//! is trusted before its signature is verified. An API key only identifies itself, and the
//! directory has its permissions; a disposable token contains its own permissions and is
//! short-lived. A signed URL contains a token that an account signed with a key for that purpose:
//! it reads or writes one item.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::directory::{AccountId, Directory, TokenHash};
use crate::error::{Error, Result};
use crate::permissions::Permissions;

/// The longest token of a session with its wrapper, in bytes.
const LONGEST_OF_SESSION: usize = 1024;
/// How many verified tokens are cached, and their total length in bytes; beyond either, the cache
/// is cleared.
const REMEMBERED: usize = 16_384;
const REMEMBERED_BYTES: usize = 16 << 20;
/// The longest JWT, and the longest wrapper around one, that is parsed, in bytes.
const LONGEST: usize = 16 * 1024;
const LONGEST_WRAPPED: usize = 24 * 1024;
/// How far the clock of the issuing node may be ahead of this one's, in seconds. Expiry has no such
/// tolerance: no token is valid for longer than promised.
const SKEW: u64 = 30;

pub(crate) const INVALID: Error =
    Error::Unauthenticated("invalid token: it was revoked or issued by another server");
const TOO_EARLY: Error = Error::Unauthenticated("the token is not valid yet");
/// The verified content of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The key that signed it.
    pub(crate) kid: String,
    /// The account that it belongs to.
    pub(crate) account: AccountId,
    /// When it was issued, in seconds since 1970.
    pub(crate) issued_at: u64,
    /// When it expires, in seconds since 1970; `u64::MAX` for never.
    pub(crate) expires_at: u64,
    pub(crate) kind: Kind,
}

/// The kind of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The API key with this id; the directory has its permissions and expiry.
    ApiKey(String),
    /// A token with permissions of its own, for data only.
    Disposable {
        /// The API key that requested it, if one did; revoking that key invalidates the token.
        issuer: Option<String>,
        permissions: Arc<Permissions>,
        /// The name of its holder, whom subscribers see as the publisher of a message; empty if it
        /// has none.
        token_id: Arc<str>,
    },
    /// The token of a signed URL, valid for that URL alone.
    Url(UrlGrant),
}

/// What a signed URL permits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UrlGrant {
    /// One item of one cache.
    pub(crate) permissions: Permissions,
    /// Whether the value may be read.
    pub(crate) gets: bool,
    /// The TTL in seconds with which the value may be written; `None` if it may not.
    pub(crate) sets: Option<u64>,
}

impl Claims {
    /// Checks that the token is already valid; its expiry is checked with the caller's.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`].
    pub(crate) fn check_begin(&self, epoch_seconds: u64) -> Result<()> {
        // The directory knows whether an API key is valid, independent of clocks.
        let bears_all = !matches!(self.kind, Kind::ApiKey(_));
        if bears_all && self.issued_at > epoch_seconds + SKEW { Err(TOO_EARLY) } else { Ok(()) }
    }
}

#[derive(Deserialize)]
struct Payload<'a> {
    t: String,
    id: Option<String>,
    acc: u64,
    #[serde(default)]
    iat: u64,
    exp: Option<u64>,
    tid: Option<String>,
    #[serde(borrow)]
    p: Option<&'a RawValue>,
}

/// The claims of a signed URL, as Momento's signers write them.
#[derive(Deserialize)]
struct UrlPayload {
    exp: u64,
    #[serde(default)]
    nbf: u64,
    cache: String,
    key: String,
    method: Vec<String>,
    ttl: Option<u64>,
}

#[derive(Deserialize)]
struct Wrapped {
    api_key: String,
}

/// Verifies tokens, each of them once.
pub(crate) struct Verifier {
    validation: Validation,
    verified: Mutex<Verified>,
}

/// The verified tokens, by digest: the tokens themselves are not stored.
#[derive(Default)]
struct Verified {
    claims: HashMap<[u8; 32], Arc<Claims>>,
    bytes: usize,
}

impl Verified {
    fn remember(&mut self, digest: [u8; 32], bytes: usize, claims: Arc<Claims>) {
        if self.claims.len() >= REMEMBERED || self.bytes + bytes > REMEMBERED_BYTES {
            *self = Verified::default();
        }
        self.bytes += bytes;
        self.claims.insert(digest, claims);
    }
}

impl Default for Verifier {
    fn default() -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_aud = false;
        // The gate checks the expiry of cached tokens, too, at every request.
        validation.validate_exp = false;
        Verifier { validation, verified: Mutex::default() }
    }
}

impl Verifier {
    /// Verifies `token` with the directory's keys and returns its claims.
    ///
    /// Takes a JWT, or the v1 wrapper (base64 of JSON with an `api_key`) around one.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`], with the same message whatever is wrong.
    pub(crate) fn verify(&self, directory: &Directory, token: &[u8]) -> Result<Arc<Claims>> {
        if token.len() > LONGEST_WRAPPED {
            return Err(INVALID);
        }
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.verified.lock().claims.get(&digest) {
            return Ok(claims.clone());
        }
        let claims = Arc::new(self.read(directory, token).ok_or(INVALID)?);
        self.verified.lock().remember(digest, token.len(), claims.clone());
        Ok(claims)
    }

    fn read(&self, directory: &Directory, token: &[u8]) -> Option<Claims> {
        let jwt = unwrapped(token).filter(|jwt| jwt.len() <= LONGEST)?;
        let header = decode_header(&jwt).ok()?;
        if header.crit.is_some() {
            return None;
        }
        let kid = header.kid?;
        let Some(key) = directory.verifying_key(&kid) else {
            let url_key = directory.url_key(&kid)?;
            let payload = decode::<UrlPayload>(&jwt, &url_key.key, &self.validation).ok()?.claims;
            return Some(payload.claims(kid, url_key.account));
        };
        let payload = decode::<Box<RawValue>>(&jwt, &key, &self.validation).ok()?.claims;
        serde_json::from_str::<Payload<'_>>(payload.get()).ok()?.claims(kid)
    }
}

impl Payload<'_> {
    fn claims(self, signed_by: String) -> Option<Claims> {
        let kind = match &*self.t {
            "g" => Kind::ApiKey(self.id?),
            "d" => Kind::Disposable {
                issuer: self.id,
                permissions: Arc::new(Permissions::read(self.p?.get())?),
                token_id: self.tid.unwrap_or_default().into(),
            },
            _ => return None,
        };
        let expires_at = match (self.exp, &kind) {
            (Some(moment), _) => moment,
            (None, Kind::ApiKey(_)) => u64::MAX,
            (None, Kind::Disposable { .. } | Kind::Url(_)) => return None,
        };
        let account = AccountId(self.acc);
        Some(Claims { kid: signed_by, account, issued_at: self.iat, expires_at, kind })
    }
}

impl UrlPayload {
    fn claims(self, kid: String, account: AccountId) -> Claims {
        let may = |method: &str| self.method.iter().any(|each| each == method);
        let (gets, sets) = (may("get"), self.ttl.filter(|_| may("set")));
        let permissions =
            Permissions::of_item(&self.cache, self.key.as_bytes(), gets, sets.is_some());
        let grant = UrlGrant { permissions, gets, sets };
        let (issued_at, expires_at) = (self.nbf, self.exp);
        Claims { kid, account, issued_at, expires_at, kind: Kind::Url(grant) }
    }
}

/// The hash of a token that is no JWT, bare or in the v1 wrapper: it may be that of a session.
pub(crate) fn hash_of_session(token: &[u8]) -> Option<TokenHash> {
    if token.len() > LONGEST_OF_SESSION || token.contains(&b'.') {
        return None;
    }
    let bare = unwrapped(token).unwrap_or_else(|| token.to_vec());
    (!bare.contains(&b'.')).then(|| Sha256::digest(bare).into())
}

/// The claims in a JWT, bare or in the v1 wrapper, as they are encoded in it.
pub(crate) fn claims_of(token: &[u8]) -> Option<Vec<u8>> {
    let jwt = unwrapped(token)?;
    jwt.split(|byte| *byte == b'.').nth(1).map(<[u8]>::to_vec)
}

fn unwrapped(token: &[u8]) -> Option<Vec<u8>> {
    if token.contains(&b'.') {
        return Some(token.to_vec());
    }
    let json = STANDARD.decode(token).ok()?;
    let wrapped: Wrapped = serde_json::from_slice(&json).ok()?;
    Some(wrapped.api_key.into_bytes())
}

#[cfg(test)]
mod tests;
