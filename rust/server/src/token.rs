//! Tokens: JSON Web Tokens that our own control plane signed with Ed25519.
//!
//! The algorithm is fixed and the key is looked up by its id in the directory:
//! nothing that the token says of itself is trusted before the signature holds.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use parking_lot::Mutex;
use serde::Deserialize;

use crate::directory::{AccountId, Directory};
use crate::error::{Error, Result};

/// How many verified tokens are remembered; beyond that the memory starts afresh.
const REMEMBERED: usize = 16_384;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 8 * 1024;

const INVALID: Error = Error::Unauthenticated("the token is not valid here");

/// What a token says, after its signature was verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The key that signed it.
    pub(crate) kid: String,
    /// The API key that it is.
    pub(crate) key_id: String,
    /// The account that it belongs to.
    pub(crate) account: AccountId,
    /// When it ends, in seconds since 1970; `u64::MAX` is never.
    pub(crate) expires_at: u64,
}

#[derive(Deserialize)]
struct Payload {
    t: String,
    id: String,
    acc: u64,
    exp: Option<u64>,
}

#[derive(Deserialize)]
struct Wrapped {
    api_key: String,
}

/// Verifies tokens, once each.
pub(crate) struct Verifier {
    validation: Validation,
    verified: Mutex<HashMap<Box<[u8]>, Arc<Claims>>>,
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
        if let Some(claims) = self.verified.lock().get(token) {
            return Ok(claims.clone());
        }
        let claims = Arc::new(self.read(directory, token).ok_or(INVALID)?);
        let mut verified = self.verified.lock();
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(token.into(), claims.clone());
        Ok(claims)
    }

    fn read(&self, directory: &Directory, token: &[u8]) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let jwt = unwrapped(token)?;
        let header = decode_header(&jwt).ok()?;
        if header.crit.is_some() {
            return None;
        }
        let kid = header.kid?;
        let key = directory.verifying_key(&kid)?;
        let payload = decode::<Payload>(&jwt, &key, &self.validation).ok()?.claims;
        (payload.t == "g").then(|| Claims {
            kid,
            key_id: payload.id,
            account: AccountId(payload.acc),
            expires_at: payload.exp.unwrap_or(u64::MAX),
        })
    }
}

fn unwrapped(token: &[u8]) -> Option<Vec<u8>> {
    if token.contains(&b'.') {
        return Some(token.to_vec());
    }
    let json = STANDARD.decode(token).ok()?;
    let wrapped: Wrapped = serde_json::from_slice(&json).ok()?;
    Some(wrapped.api_key.into_bytes())
}
