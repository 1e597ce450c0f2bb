//! Converts settings and directory changes to Rust.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use attimo_server::{
    AccountId, AccountLimits, Api, ApiKey, Audience, Cache, CacheId, Ceiling, Config, Container,
    Listen, Loaded, Namespace, NoProtocol, Protocol, Retention, Role, Saved, Service, Session,
    UrlKey, Webhook,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// `attimo.settings.NodeSettings`.
#[derive(FromPyObject)]
pub(crate) struct NodeSettings {
    listeners: Vec<Listener>,
    certificate: Option<String>,
    private_key: Option<String>,
    threads: usize,
    memory_bytes: u64,
    ceiling_bytes: u64,
    shared_bytes: u64,
    group: Option<String>,
    backend: Option<String>,
    item_bytes: u64,
    element_bytes: u64,
    topic_history_messages: usize,
    topic_history_seconds: f64,
    topic_history_bytes: usize,
    app_socket: String,
    local: bool,
    endpoint: String,
    also_endpoint: Vec<String>,
    allowed_origins: Vec<String>,
    metrics: String,
    metrics_caches: usize,
}

impl TryFrom<NodeSettings> for Config {
    type Error = PyErr;

    fn try_from(settings: NodeSettings) -> PyResult<Config> {
        let shared =
            |group: String| Container { bytes: settings.shared_bytes, group: group.into() };
        Ok(Config {
            listeners: settings
                .listeners
                .into_iter()
                .map(Listen::try_from)
                .collect::<PyResult<_>>()?,
            certificate: settings.certificate,
            private_key: settings.private_key,
            threads: settings.threads,
            memory_bytes: settings.memory_bytes,
            topic_history: Retention {
                messages: settings.topic_history_messages,
                time: Duration::from_secs_f64(settings.topic_history_seconds),
                bytes: settings.topic_history_bytes,
            },
            ceiling: Ceiling {
                bytes: Some(settings.ceiling_bytes),
                container: settings.group.map(shared),
            },
            allocator: None,
            backend: settings.backend,
            item_bytes: settings.item_bytes,
            element_bytes: settings.element_bytes,
            app_socket: settings.app_socket.into(),
            local: settings.local,
            endpoint: settings.endpoint,
            also_endpoint: settings.also_endpoint,
            allowed_origins: settings.allowed_origins,
            metrics: audience(&settings.metrics)?,
            metrics_caches: settings.metrics_caches,
        })
    }
}

/// `attimo.settings.Listener`.
#[derive(FromPyObject)]
struct Listener {
    tls: bool,
    offers: Vec<String>,
}

impl TryFrom<Listener> for Listen {
    type Error = PyErr;

    fn try_from(listener: Listener) -> PyResult<Listen> {
        let Listener { tls, offers } = listener;
        let offers = offers.iter().map(|word| word.parse::<Protocol>());
        let offers = offers.collect::<Result<_, NoProtocol>>();
        let offers = offers.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Listen { tls, offers })
    }
}

fn audience(word: &str) -> PyResult<Audience> {
    match word {
        "loopback" => Ok(Audience::Loopback),
        "open" => Ok(Audience::Open),
        "off" => Ok(Audience::Off),
        _ => Err(PyValueError::new_err(format!("metrics: {word:?} is not loopback, open or off"))),
    }
}

#[derive(FromPyObject)]
struct VerifyingKey {
    kid: String,
    public_key: Vec<u8>,
}

#[derive(FromPyObject)]
struct KnownKey {
    id: String,
    account_id: u64,
    expires_at: Option<u64>,
    role_id: String,
}

#[derive(FromPyObject)]
struct KnownUrlKey {
    kid: String,
    account_id: u64,
    public_key: Vec<u8>,
    expires_at: u64,
}

#[derive(FromPyObject)]
struct KnownSession {
    hash: [u8; 32],
    account_id: u64,
    role_id: String,
    expires_at: u64,
}

#[derive(FromPyObject)]
struct KnownRole {
    id: String,
    permissions: String,
}

#[derive(FromPyObject)]
struct KnownCache {
    id: u64,
    account_id: u64,
    name: String,
    namespace: u32,
    expires_at: Option<u64>,
}

#[derive(FromPyObject)]
struct KnownWebhook {
    id: u64,
    cache_id: u64,
    topic: String,
}

#[derive(FromPyObject)]
struct KnownLimits {
    account_id: u64,
    numbers: BTreeMap<String, u64>,
}

/// `attimo.control.directory.Changes`.
#[derive(FromPyObject)]
pub(crate) struct Changes {
    revision: u64,
    since: Option<u64>,
    suspended_accounts: Vec<u64>,
    resumed_accounts: Vec<u64>,
    verifying_keys: Vec<VerifyingKey>,
    retired_keys: Vec<String>,
    api_keys: Vec<KnownKey>,
    revoked_keys: Vec<String>,
    url_keys: Vec<KnownUrlKey>,
    revoked_url_keys: Vec<String>,
    sessions: Vec<KnownSession>,
    ended_sessions: Vec<[u8; 32]>,
    roles: Vec<KnownRole>,
    deleted_roles: Vec<String>,
    caches: Vec<KnownCache>,
    deleted_caches: Vec<u64>,
    webhooks: Vec<KnownWebhook>,
    deleted_webhooks: Vec<u64>,
    limits: Vec<KnownLimits>,
}

impl From<Changes> for attimo_server::Changes {
    fn from(changes: Changes) -> Self {
        let accounts = |ids: Vec<u64>| ids.into_iter().map(AccountId).collect();
        let keys = changes.verifying_keys.into_iter().map(|key| (key.kid, key.public_key));
        attimo_server::Changes {
            revision: changes.revision,
            since: changes.since,
            suspended_accounts: accounts(changes.suspended_accounts),
            resumed_accounts: accounts(changes.resumed_accounts),
            verifying_keys: keys.collect(),
            retired_keys: changes.retired_keys,
            api_keys: changes.api_keys.into_iter().map(ApiKey::from).collect(),
            revoked_keys: changes.revoked_keys,
            url_keys: changes.url_keys.into_iter().map(UrlKey::from).collect(),
            revoked_url_keys: changes.revoked_url_keys,
            sessions: changes.sessions.into_iter().map(Session::from).collect(),
            ended_sessions: changes.ended_sessions,
            roles: changes.roles.into_iter().map(Role::from).collect(),
            deleted_roles: changes.deleted_roles,
            caches: changes.caches.into_iter().map(Cache::from).collect(),
            deleted_caches: changes.deleted_caches.into_iter().map(CacheId).collect(),
            webhooks: changes.webhooks.into_iter().map(Webhook::from).collect(),
            deleted_webhooks: changes.deleted_webhooks,
            limits: changes.limits.into_iter().map(AccountLimits::from).collect(),
        }
    }
}

impl From<KnownKey> for ApiKey {
    fn from(key: KnownKey) -> Self {
        ApiKey {
            id: key.id.into(),
            account: AccountId(key.account_id),
            expires_at: key.expires_at.unwrap_or(u64::MAX),
            role: key.role_id.into(),
        }
    }
}

impl From<KnownUrlKey> for UrlKey {
    fn from(key: KnownUrlKey) -> Self {
        let account = AccountId(key.account_id);
        UrlKey { kid: key.kid, account, public_key: key.public_key, expires_at: key.expires_at }
    }
}

impl From<KnownSession> for Session {
    fn from(session: KnownSession) -> Self {
        let KnownSession { hash, account_id, role_id, expires_at } = session;
        Session { hash, account: AccountId(account_id), expires_at, role: role_id.into() }
    }
}

impl From<KnownRole> for Role {
    fn from(role: KnownRole) -> Self {
        Role { id: role.id, permissions: role.permissions }
    }
}

impl From<KnownCache> for Cache {
    fn from(cache: KnownCache) -> Self {
        Cache {
            id: CacheId(cache.id),
            account: AccountId(cache.account_id),
            name: cache.name,
            namespace: Namespace(cache.namespace),
            expires_at: cache.expires_at.unwrap_or(u64::MAX),
        }
    }
}

impl From<KnownWebhook> for Webhook {
    fn from(webhook: KnownWebhook) -> Self {
        let KnownWebhook { id, cache_id, topic } = webhook;
        Webhook { id, cache: CacheId(cache_id), topic }
    }
}

impl From<KnownLimits> for AccountLimits {
    fn from(limits: KnownLimits) -> Self {
        let KnownLimits { account_id, numbers } = limits;
        AccountLimits { account: AccountId(account_id), numbers: numbers.into_iter().collect() }
    }
}

/// The counts of written items, by name.
pub(crate) fn saved(saved: Saved) -> BTreeMap<&'static str, u64> {
    let Saved { items, bytes, left_out } = saved;
    [("items", items), ("bytes", bytes), ("left_out", left_out)].into()
}

/// The counts of read items, by name, and why the rest could not be read.
pub(crate) fn loaded(loaded: Loaded) -> (BTreeMap<&'static str, u64>, Option<String>) {
    let Loaded { kept, expired, refused, evicted, lost, bytes, error } = loaded;
    let counts = [("kept", kept), ("expired", expired), ("refused", refused)];
    let more = [("evicted", evicted), ("lost", lost), ("bytes", bytes)];
    (counts.into_iter().chain(more).collect(), error)
}

/// An event of a node for the log.
#[pyclass(frozen, get_all, module = "attimo._core")]
pub(crate) struct Event {
    level: &'static str,
    message: String,
}

impl From<attimo_server::Event> for Event {
    fn from(event: attimo_server::Event) -> Self {
        Event { level: event.level.name(), message: event.message }
    }
}

/// One metric, as `metrics` returns it.
pub(crate) type Family = (&'static str, &'static str, Vec<&'static str>, &'static str);

pub(crate) fn families() -> Vec<Family> {
    let tell = |family: &&'static attimo_server::Family| {
        (family.name, family.kind.name(), family.labels.to_vec(), family.help)
    };
    attimo_server::FAMILIES.iter().map(tell).collect()
}

/// One method, as `methods` returns it.
pub(crate) type Method = (
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
    u64,
    Vec<(&'static str, String)>,
);

pub(crate) fn methods() -> Vec<Method> {
    let tell = |api: &Api| {
        let (access, routes) = (api.access(), api.routes().iter());
        let paths = routes
            .flat_map(|route| route.paths().into_iter().map(|path| (route.verb.name(), path)));
        (
            api.name(),
            api.service().map(Service::name),
            api.data_type().name(),
            access.resource(),
            access.rights().names(),
            api.lookups().name(),
            api.factor().halves(),
            paths.collect(),
        )
    };
    Api::ALL.iter().map(tell).collect()
}

/// A unique node name: 128 random bits.
pub(crate) fn fresh_name() -> String {
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}
