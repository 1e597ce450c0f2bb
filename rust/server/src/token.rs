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

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;
    use crate::directory::Changes;

    const OURS: [u8; 32] = [7; 32];
    const FOREIGN: [u8; 32] = [8; 32];

    /// A directory that knows our key by the id `k1`.
    fn directory() -> Directory {
        let public = ed25519_dalek::SigningKey::from_bytes(&OURS).verifying_key().to_bytes();
        let directory = Directory::default();
        let verifying_keys = vec![("k1".to_owned(), public.to_vec())];
        directory.learn(Changes { revision: 1, verifying_keys, ..Changes::default() }).unwrap();
        directory
    }

    fn signed(seed: [u8; 32], kid: &str, claims: &Value) -> String {
        // RFC 8410: what stands before the seed in PKCS #8.
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend(seed);
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &EncodingKey::from_ed_der(&der)).unwrap()
    }

    fn claims() -> Value {
        json!({"t": "g", "id": "key-1", "acc": 1})
    }

    fn verify(token: &str) -> Result<Arc<Claims>> {
        Verifier::default().verify(&directory(), token.as_bytes())
    }

    #[test]
    fn what_our_key_signed_is_read_bare_and_wrapped() {
        let jwt = signed(OURS, "k1", &claims());
        let wrapped = STANDARD.encode(json!({"endpoint": "e", "api_key": jwt}).to_string());

        let read = verify(&jwt).unwrap();

        assert_eq!(
            (&*read.key_id, read.account, read.expires_at),
            ("key-1", AccountId(1), u64::MAX)
        );
        assert_eq!(verify(&wrapped), Ok(read));
    }

    #[test]
    fn another_signature_or_key_id_is_refused() {
        assert_eq!(verify(&signed(FOREIGN, "k1", &claims())), Err(INVALID));
        assert_eq!(verify(&signed(OURS, "k2", &claims())), Err(INVALID));
        let jwt = signed(OURS, "k1", &claims());
        let (unsigned, signature) = jwt.rsplit_once('.').unwrap();
        let reversed: String = signature.chars().rev().collect();
        assert_eq!(verify(&format!("{unsigned}.{reversed}")), Err(INVALID));
        assert_eq!(verify(&format!("{unsigned}.")), Err(INVALID));
    }

    #[test]
    fn no_other_algorithm_is_taken_whatever_the_header_says() {
        let jwt = signed(OURS, "k1", &claims());
        let (_, body) = jwt.split_once('.').unwrap();
        for alg in ["none", "None", "HS256", "RS256", "ES256"] {
            let header = json!({"alg": alg, "kid": "k1"}).to_string();
            let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
            assert_eq!(verify(&format!("{header}.{body}")), Err(INVALID));
        }
    }

    #[test]
    fn claims_of_another_kind_or_type_are_refused() {
        for (name, value) in [
            ("t", json!("x")),
            ("acc", json!("1")),
            ("acc", json!(-1)),
            ("exp", json!("never")),
            ("exp", json!(-5)),
            ("exp", json!(1e300)),
            ("id", json!(7)),
        ] {
            let mut claims = claims();
            claims[name] = value;
            assert_eq!(verify(&signed(OURS, "k1", &claims)), Err(INVALID), "{claims}");
        }
    }

    #[test]
    fn garbage_of_any_length_is_refused() {
        for token in ["", "x", "a.b.c", "..", "eyJ9.e30.", &"a".repeat(100_000), &"YWJj".repeat(9)]
        {
            assert_eq!(verify(token), Err(INVALID));
        }
    }
}
