//! Tokens: JSON Web Tokens that our own control plane signed with Ed25519.
//!
//! The algorithm is fixed and the key is looked up by its id in the directory:
//! nothing that the token says of itself is trusted before the signature holds.
//! An API key says who it is, and the directory what that may; a disposable
//! token says itself what it may, and ends soon.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::directory::{AccountId, Directory};
use crate::error::{Error, Result};
use crate::permissions::Permissions;

/// How many verified tokens are remembered, and how many bytes they may have had together; beyond
/// that the memory starts afresh.
const REMEMBERED: usize = 16_384;
const REMEMBERED_BYTES: usize = 16 << 20;
/// The longest JWT that is looked at, and the longest wrapper around one, in bytes.
const LONGEST: usize = 16 * 1024;
const LONGEST_WRAPPED: usize = 24 * 1024;
/// By how much the clock of the node that issued a token may be ahead of ours, in seconds. The end
/// of a token is taken exactly: nobody's token lives longer than was promised.
const SKEW: u64 = 30;

pub(crate) const INVALID: Error = Error::Unauthenticated("the token is not valid here");
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
}

impl Claims {
    /// Checks that the token has begun; its end is the caller's, who may end before it.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`].
    pub(crate) fn check_begin(&self, epoch_seconds: u64) -> Result<()> {
        // Of an API key, the directory knows whether it is good, whatever our clock may say.
        let bears_all = matches!(self.kind, Kind::Disposable { .. });
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
        let key = directory.verifying_key(&kid)?;
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
            (None, Kind::Disposable { .. }) => return None,
        };
        let account = AccountId(self.acc);
        Some(Claims { kid: signed_by, account, issued_at: self.iat, expires_at, kind })
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

        assert_eq!(read.kind, Kind::ApiKey("key-1".to_owned()));
        assert_eq!((read.account, read.expires_at), (AccountId(1), u64::MAX));
        assert_eq!(verify(&wrapped), Ok(read));
    }

    fn disposable() -> Value {
        json!({"t": "d", "id": "key-1", "acc": 1, "iat": 1_000, "exp": 2_000, "p": {"rules": [
            {"type": "cache", "permissions": ["read"], "caches": "*", "items": {"key": "k"}}]}})
    }

    #[test]
    fn a_disposable_token_bears_what_it_may_and_must_end() {
        let read = verify(&signed(OURS, "k1", &disposable())).unwrap();
        let Kind::Disposable { issuer, permissions } = &read.kind else { panic!("{read:?}") };

        assert_eq!(issuer.as_deref(), Some("key-1"));
        assert!(permissions.at(b"c").to(crate::api::Access::Read).hold(b"k"));
        for (name, value) in [("exp", json!(null)), ("p", json!(null)), ("p", json!({"rules": 1}))]
        {
            let mut claims = disposable();
            claims[name] = value;
            assert_eq!(verify(&signed(OURS, "k1", &claims)), Err(INVALID), "{claims}");
        }
    }

    #[test]
    fn a_token_begins_half_a_minute_early_at_most() {
        let read = verify(&signed(OURS, "k1", &disposable())).unwrap();

        assert_eq!([read.check_begin(969), read.check_begin(970)], [Err(TOO_EARLY), Ok(())]);
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_in_bytes() {
        let claims = verify(&signed(OURS, "k1", &disposable())).unwrap();
        let mut verified = Verified::default();
        for number in 0..2_000_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_le_bytes());
            verified.remember(digest, LONGEST, claims.clone());
            assert!(verified.bytes <= REMEMBERED_BYTES);
        }
        assert!(verified.claims.len() <= REMEMBERED_BYTES / LONGEST);
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

    /// By medians of many, one after the other: what else the machine does meets both.
    #[test]
    fn a_forged_token_takes_as_long_whether_its_key_is_known_or_not() {
        let (directory, verifier) = (directory(), Verifier::default());
        let forged = ["key-1", "key-2"].map(|id| {
            let mut claims = claims();
            claims["id"] = json!(id);
            let token = signed(OURS, "k1", &claims);
            format!("{}AAAA", &token[..token.len() - 4])
        });
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..400 {
            for (token, times) in forged.iter().zip(&mut times) {
                let start = std::time::Instant::now();
                assert_eq!(verifier.verify(&directory, token.as_bytes()), Err(INVALID));
                times.push(start.elapsed());
            }
        }
        let [known, unknown] = times.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64()
        });
        assert!((1.0 / 1.2..1.2).contains(&(known / unknown)), "{known} s and {unknown} s");
    }

    #[test]
    fn garbage_of_any_length_is_refused() {
        for token in ["", "x", "a.b.c", "..", "eyJ9.e30.", &"a".repeat(100_000), &"YWJj".repeat(9)]
        {
            assert_eq!(verify(token), Err(INVALID));
        }
    }
}
