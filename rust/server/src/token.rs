//! Tokens: JSON Web Tokens that our own control plane signed with Ed25519.
//!
//! The algorithm is fixed and the key is looked up by its id in the directory:
//! nothing that the token says of itself is trusted before the signature holds.
//! An API key says who it is, and the directory what that may; a disposable
//! token says itself what it may, and ends soon. A signed URL bears a token that an
//! account signed with a key made for that: one item, to get or to set.

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

/// The longest session's token, with a wrapper around it, in bytes.
const LONGEST_OF_SESSION: usize = 1024;
/// How many verified tokens are remembered, and how many bytes they may have had together; beyond
/// that the memory starts afresh.
const REMEMBERED: usize = 16_384;
const REMEMBERED_BYTES: usize = 16 << 20;
/// The longest JWT that is looked at, and the longest wrapper around one, in bytes.
const LONGEST: usize = 16 * 1024;
const LONGEST_WRAPPED: usize = 24 * 1024;
/// By how much the clock of the node that issued a token may be ahead of ours, in seconds. The
/// expiry of a token has no such tolerance: no token lives longer than promised.
const SKEW: u64 = 30;

pub(crate) const INVALID: Error =
    Error::Unauthenticated("invalid token: it was revoked or issued by another server");
const TOO_EARLY: Error = Error::Unauthenticated("the token is not valid yet");
/// What a token says, after its signature was verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The key that signed it.
    pub(crate) kid: String,
    /// The account that it belongs to.
    pub(crate) account: AccountId,
    /// When it was made, in seconds since 1970.
    pub(crate) issued_at: u64,
    /// When it ends, in seconds since 1970; `u64::MAX` is never.
    pub(crate) expires_at: u64,
    pub(crate) kind: Kind,
}

/// What a token is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The API key of this id: the directory knows what it may, and until when.
    ApiKey(String),
    /// A token that bears what it may, for data only.
    Disposable {
        /// The API key that asked for it and with whose revocation it ends, if one did.
        issuer: Option<String>,
        permissions: Arc<Permissions>,
    },
    /// The token of a signed URL, valid for that URL alone.
    Url(UrlGrant),
}

/// What a signed URL may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UrlGrant {
    /// One item of one cache.
    pub(crate) permissions: Permissions,
    /// Whether the value may be read.
    pub(crate) gets: bool,
    /// For how many seconds the value may be written, and for no other time; `None` if it may not.
    pub(crate) sets: Option<u64>,
}

impl Claims {
    /// Checks that the token is valid already; its expiry is checked with the caller's.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`].
    pub(crate) fn check_begin(&self, epoch_seconds: u64) -> Result<()> {
        // Of an API key, the directory knows whether it is good, whatever our clock may say.
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

/// Verifies tokens, once each.
pub(crate) struct Verifier {
    validation: Validation,
    verified: Mutex<Verified>,
}

/// The tokens that were verified, by their digests: a token itself is kept nowhere.
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
        // Expiry is the gate's to check, at every request and not only when the token is new.
        validation.validate_exp = false;
        Verifier { validation, verified: Mutex::default() }
    }
}

impl Verifier {
    /// What `token` says, if one of the directory's keys signed it.
    ///
    /// Takes a JWT, or the v1 wrapper (base64 of JSON with an `api_key`) around one.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`], with the same words for whatever is wrong with it.
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

/// The hash of a token that is no JWT, bare or in the v1 wrapper: that of a session, if it is any.
pub(crate) fn hash_of_session(token: &[u8]) -> Option<TokenHash> {
    if token.len() > LONGEST_OF_SESSION || token.contains(&b'.') {
        return None;
    }
    let bare = unwrapped(token).unwrap_or_else(|| token.to_vec());
    (!bare.contains(&b'.')).then(|| Sha256::digest(bare).into())
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
