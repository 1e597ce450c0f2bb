//! What the control plane tells a node, and what changes of it.

use std::sync::Arc;

use attimo_engine::Namespace;

/// The id of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(pub u64);

/// The id of a cache: it never changes and is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheId(pub u64);

/// What differs between two revisions of the directory.
#[derive(Debug, Default)]
pub struct Changes {
    /// The revision after these changes.
    pub revision: u64,
    /// The revision before them; `None` if they are the whole directory.
    pub since: Option<u64>,
    /// Newly suspended accounts; in a whole directory, all suspended ones.
    pub suspended_accounts: Vec<AccountId>,
    /// Accounts that are no longer suspended.
    pub resumed_accounts: Vec<AccountId>,
    /// Public keys that verify tokens: key id and 32 bytes of Ed25519.
    pub verifying_keys: Vec<(String, Vec<u8>)>,
    /// Ids of verifying keys that were retired.
    pub retired_keys: Vec<String>,
    /// New API keys.
    pub api_keys: Vec<ApiKey>,
    /// Ids of API keys that were revoked or deleted.
    pub revoked_keys: Vec<String>,
    /// Keys that verify the URLs that accounts sign.
    pub url_keys: Vec<UrlKey>,
    /// Ids of URL keys that were revoked.
    pub revoked_url_keys: Vec<String>,
    /// Sessions that are new, or whose account or role changed.
    pub sessions: Vec<Session>,
    /// Sessions that ended.
    pub ended_sessions: Vec<TokenHash>,
    /// Roles that are new or changed.
    pub roles: Vec<Role>,
    /// Ids of deleted roles.
    pub deleted_roles: Vec<String>,
    /// Caches that are new or have a new namespace.
    pub caches: Vec<Cache>,
    /// Ids of deleted caches.
    pub deleted_caches: Vec<CacheId>,
    /// Webhooks that are new, or have another topic.
    pub webhooks: Vec<Webhook>,
    /// Ids of deleted webhooks.
    pub deleted_webhooks: Vec<u64>,
    /// New or changed limits of accounts; in a whole directory, those of every account that has any.
    pub limits: Vec<AccountLimits>,
}

/// A webhook: messages of the topic are taken from the outbox by the control plane.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id, which is never reused.
    pub id: u64,
    /// The cache of the topic.
    pub cache: CacheId,
    /// The name of the topic.
    pub topic: String,
}

/// All limits of an account.
#[derive(Debug, Clone)]
pub struct AccountLimits {
    /// The account.
    pub account: AccountId,
    /// Numbers by name. What is absent is unlimited; names that are unknown here are ignored.
    pub numbers: Vec<(String, u64)>,
}

/// An API key; the key itself is not stored.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The id that tokens contain.
    pub id: Arc<str>,
    /// Its owner.
    pub account: AccountId,
    /// When it expires, in seconds since 1970; `u64::MAX` for never.
    pub expires_at: u64,
    /// The id of its role; an unknown role permits nothing.
    pub role: Arc<str>,
}

/// The SHA-256 of a token. The token of a session itself is not stored.
pub type TokenHash = [u8; 32];

/// The session of a signed-in member.
#[derive(Debug, Clone)]
pub struct Session {
    /// The hash of its token.
    pub hash: TokenHash,
    /// The account that it is signed in to.
    pub account: AccountId,
    /// When it expires, in seconds since 1970.
    pub expires_at: u64,
    /// The id of the member's role; an unknown role permits nothing.
    pub role: Arc<str>,
}

/// The public half of a key with which an account signs URLs.
#[derive(Debug, Clone)]
pub struct UrlKey {
    /// The key id in the headers of its tokens.
    pub kid: String,
    /// The owner of the caches that it gives access to.
    pub account: AccountId,
    /// 32 bytes of Ed25519.
    pub public_key: Vec<u8>,
    /// When it expires, in seconds since 1970.
    pub expires_at: u64,
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// The id by which keys refer to it.
    pub id: String,
    /// Its permissions, as JSON; it permits nothing if they cannot be read.
    pub permissions: String,
}

/// A cache.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Its id in the ledger.
    pub id: CacheId,
    /// Its owner.
    pub account: AccountId,
    /// Its name in that account.
    pub name: String,
    /// The namespace of its items.
    pub namespace: Namespace,
    /// When it expires, in seconds since 1970; `u64::MAX` for never.
    pub expires_at: u64,
}
