//! The running server as the environment describes it, a client, and a cache for each test.
//!
//! ATTIMO_HTTP is its plaintext address. ATTIMO_WAY is `key`, with the key in MOMENTO_API_KEY and
//! the host apart from it, or `v1`, with that in ATTIMO_V1_TOKEN, which names its host itself.

use std::env::var;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use momento::cache::{CreateCacheResponse, configurations};
use momento::leaderboard::configurations as leaderboards;
use momento::{
    CacheClient, CredentialProvider, Leaderboard, LeaderboardClient, MomentoError,
    MomentoErrorCode, MomentoResult,
};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const NO_CACHE: &str = "no-such-cache";

/// How a test ends: well, or with the client's own error.
pub type Test = Result<(), MomentoError>;

/// A client, and a cache that no other test uses.
pub struct Scene {
    pub client: CacheClient,
    pub cache: String,
}

impl Scene {
    pub async fn new() -> Scene {
        let (client, cache) = (client(provider()), new_name());
        let made = client.create_cache(&cache).await;
        assert_eq!(made.expect("a new cache"), CreateCacheResponse::Created);
        Scene { client, cache }
    }

    /// A leaderboard of the cache.
    pub fn board(&self) -> Leaderboard {
        boards().leaderboard(&self.cache, "board")
    }
}

pub fn client(provider: CredentialProvider) -> CacheClient {
    CacheClient::builder()
        .default_ttl(MINUTE)
        .configuration(configurations::Laptop::latest())
        .credential_provider(provider)
        .build()
        .expect("a client")
}

pub fn boards() -> LeaderboardClient {
    LeaderboardClient::builder()
        .configuration(leaderboards::Laptop::latest())
        .credential_provider(provider())
        .build()
        .expect("a client")
}

pub fn provider() -> CredentialProvider {
    match said("ATTIMO_WAY").as_str() {
        #[expect(deprecated, reason = "older keys are still about")]
        "v1" => CredentialProvider::from_string(said("ATTIMO_V1_TOKEN"))
            .expect("a v1 key")
            .full_endpoint_override(&address()),
        _ => provider_with(said("MOMENTO_API_KEY")),
    }
}

pub fn provider_with(key: String) -> CredentialProvider {
    by_key(key, &address())
}

/// By another way, such as through a proxy.
pub fn provider_at(address: &str) -> CredentialProvider {
    by_key(said("MOMENTO_API_KEY"), address)
}

fn by_key(key: String, address: &str) -> CredentialProvider {
    CredentialProvider::from_api_key_v2(key, said("MOMENTO_ENDPOINT"))
        .expect("a v2 key")
        .insecure_endpoint_override(address)
}

pub fn address() -> String {
    format!("http://{}", said("ATTIMO_HTTP"))
}

pub fn said(name: &str) -> String {
    var(name).unwrap_or_else(|_| panic!("{name} is not set; pytest sets it"))
}

/// A name that nothing else has.
pub fn new_name() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    format!("rust-{}-{number}", std::process::id())
}

/// Every byte once.
pub fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

/// The kind of error that a call must end with.
pub fn refused<T>(answer: MomentoResult<T>) -> MomentoErrorCode {
    error_of(answer).error_code
}

pub fn error_of<T>(answer: MomentoResult<T>) -> MomentoError {
    answer.err().expect("the call was to be refused")
}
