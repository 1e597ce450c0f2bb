use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;
use crate::directory::{Changes, UrlKey};
use crate::methods::{Access, Rights};

const OURS: [u8; 32] = [7; 32];
const FOREIGN: [u8; 32] = [8; 32];
const OF_URLS: [u8; 32] = [9; 32];

/// A directory with our key, whose id is `k1`.
fn directory() -> Directory {
    let public = ed25519_dalek::SigningKey::from_bytes(&OURS).verifying_key().to_bytes();
    let directory = Directory::default();
    let verifying_keys = vec![("k1".to_owned(), public.to_vec())];
    let public = ed25519_dalek::SigningKey::from_bytes(&OF_URLS).verifying_key().to_bytes();
    let url_keys = vec![UrlKey {
        kid: "u1".to_owned(),
        account: AccountId(2),
        public_key: public.to_vec(),
        expires_at: 5_000,
    }];
    let changes = Changes { revision: 1, verifying_keys, url_keys, ..Changes::default() };
    directory.learn(changes).unwrap();
    directory
}

fn url() -> Value {
    json!({"exp": 3_000, "cache": "c", "key": "k", "method": ["get", "set"], "ttl": 60})
}

fn signed(seed: [u8; 32], kid: &str, claims: &Value) -> String {
    // RFC 8410: the prefix of the seed in PKCS #8.
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
fn tokens_of_a_known_key_are_verified_bare_and_wrapped() {
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
fn a_disposable_token_contains_its_permissions_and_must_expire() {
    let read = verify(&signed(OURS, "k1", &disposable())).unwrap();
    let Kind::Disposable { issuer, permissions, .. } = &read.kind else { panic!("{read:?}") };

    assert_eq!(issuer.as_deref(), Some("key-1"));
    assert!(permissions.at(b"c").to(Access::Item(Rights::Read)).hold(b"k"));
    for (name, value) in [("exp", json!(null)), ("p", json!(null)), ("p", json!({"rules": 1}))] {
        let mut claims = disposable();
        claims[name] = value;
        assert_eq!(verify(&signed(OURS, "k1", &claims)), Err(INVALID), "{claims}");
    }
}

#[test]
fn a_signed_url_gives_access_to_one_item_of_its_keys_account() {
    let read = verify(&signed(OF_URLS, "u1", &url())).unwrap();
    let Kind::Url(grant) = &read.kind else { panic!("{read:?}") };

    assert_eq!((read.account, read.expires_at, &*read.kid), (AccountId(2), 3_000, "u1"));
    assert_eq!((grant.gets, grant.sets), (true, Some(60)));
    let holds = |cache, access, key| grant.permissions.at(cache).to(access).hold(key);
    for access in
        [Access::Item(Rights::Read), Access::Item(Rights::Write), Access::Item(Rights::ReadWrite)]
    {
        assert!(holds(b"c", access, b"k"));
        assert!(!holds(b"c", access, b"k2") && !holds(b"d", access, b"k"));
    }
}

#[test]
fn a_signed_url_permits_only_its_methods() {
    for (method, ttl, gets, sets) in [
        (json!(["get"]), json!(60), true, None),
        (json!(["set"]), json!(60), false, Some(60)),
        (json!(["set"]), json!(null), false, None),
        (json!(["GET", "delete", "*"]), json!(60), false, None),
        (json!([]), json!(60), false, None),
    ] {
        let mut claims = url();
        (claims["method"], claims["ttl"]) = (method, ttl);
        let read = verify(&signed(OF_URLS, "u1", &claims)).unwrap();
        let Kind::Url(grant) = &read.kind else { panic!("{read:?}") };
        assert_eq!((grant.gets, grant.sets), (gets, sets), "{claims}");
        let grants = grant.permissions.at(b"c");
        assert_eq!(grants.to(Access::Item(Rights::Read)).hold(b"k"), gets);
        assert_eq!(grants.to(Access::Item(Rights::Write)).hold(b"k"), sets.is_some());
        assert!(!grants.to(Access::Item(Rights::ReadWrite)).hold(b"k"));
    }
}

#[test]
fn a_key_for_urls_signs_no_other_token_and_no_other_key_signs_urls() {
    for (seed, kid, claims) in [
        (OF_URLS, "u1", claims()),
        (OF_URLS, "u1", disposable()),
        (OURS, "k1", url()),
        (FOREIGN, "u1", url()),
        (OURS, "u1", url()),
        (OF_URLS, "k1", url()),
    ] {
        assert_eq!(verify(&signed(seed, kid, &claims)), Err(INVALID), "{kid} {claims}");
    }
    for (name, value) in [
        ("exp", json!(null)),
        ("exp", json!("3000")),
        ("cache", json!(null)),
        ("cache", json!(["c"])),
        ("key", json!(null)),
        ("key", json!(1)),
        ("method", json!("get")),
        ("method", json!(null)),
        ("ttl", json!("60")),
        ("ttl", json!(-1)),
    ] {
        let mut claims = url();
        claims[name] = value;
        assert_eq!(verify(&signed(OF_URLS, "u1", &claims)), Err(INVALID), "{claims}");
    }
}

#[test]
fn a_token_is_accepted_at_most_half_a_minute_early() {
    let read = verify(&signed(OURS, "k1", &disposable())).unwrap();

    assert_eq!([read.check_begin(969), read.check_begin(970)], [Err(TOO_EARLY), Ok(())]);
}

#[test]
fn the_cache_is_bounded_in_number_and_in_bytes() {
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
fn other_algorithms_are_refused() {
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

/// Compares medians of many runs in turn, so that other load affects both alike.
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
    for token in ["", "x", "a.b.c", "..", "eyJ9.e30.", &"a".repeat(100_000), &"YWJj".repeat(9)] {
        assert_eq!(verify(token), Err(INVALID));
    }
}
