//! Callers, and the credentials that they present.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Now;
use crate::directory::{AccountId, TokenHash};
use crate::error::{Error, Result};
use crate::permissions::{Grants, Permissions};

/// The account that owns everything on a server that was started with `--local`.
pub(super) const LOCAL_OWNER: AccountId = AccountId(1);
pub(super) const ENDED: Error = Error::Unauthenticated("the token has ended");
/// The key id under which its use is counted.
const LOCAL_KEY: &str = "local";

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The account whose caches it uses.
    pub(crate) account: AccountId,
    /// The key id under which its usage is counted.
    pub(crate) key_id: Arc<str>,
    /// When the token expires, in seconds since 1970.
    pub(crate) expires_at: u64,
    /// What it may do with data.
    pub(super) permissions: Arc<Permissions>,
    /// The current permissions of the issuer of its token, which limit those of the token.
    pub(super) issuer: Option<Arc<Permissions>>,
    /// Whether its token is disposable.
    pub(super) disposable: bool,
    /// The name that its token gives its holder; empty if there is none.
    pub(super) token_id: Arc<str>,
    /// The session that it signed in to, if any.
    pub(crate) session: Option<TokenHash>,
}

/// Who holds permissions, as a refusal names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    Key(Arc<str>),
    /// A disposable token. Browsers hold those, so its refusals do not name the key it came from.
    Token,
    Session,
    Url,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Key(id) => write!(f, "API key {id}"),
            Holder::Token => f.write_str("this disposable token"),
            Holder::Session => f.write_str("the role of this session"),
            Holder::Url => f.write_str("the signed URL"),
        }
    }
}

/// The token of a request, and where the request came from.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'a> {
    /// The token as it was sent; empty if there was none.
    pub(crate) token: &'a [u8],
    /// Whether an empty token stands for the owner.
    pub(crate) local: bool,
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
}

impl Caller {
    /// A caller with the permissions of an API key's role.
    pub(super) fn new(
        account: AccountId,
        key_id: Arc<str>,
        expires_at: u64,
        permissions: Arc<Permissions>,
    ) -> Self {
        let (issuer, disposable, session) = (None, false, None);
        let token_id = "".into();
        Caller { account, key_id, expires_at, permissions, issuer, disposable, token_id, session }
    }

    pub(super) fn local_owner() -> Self {
        let everything = Arc::new(Permissions::everything());
        Caller::new(LOCAL_OWNER, LOCAL_KEY.into(), u64::MAX, everything)
    }

    /// Whether its token is disposable, so that it is for data only.
    pub(crate) fn is_disposable(&self) -> bool {
        self.disposable
    }

    /// Whether its role allows requests from this address.
    pub(super) fn admits(&self, peer: IpAddr) -> bool {
        let issuer = self.issuer.as_ref();
        self.permissions.admit(peer) && issuer.is_none_or(|issuer| issuer.admit(peer))
    }

    pub(super) fn holder(&self) -> Holder {
        match self {
            Caller { session: Some(_), .. } => Holder::Session,
            Caller { disposable: true, .. } => Holder::Token,
            _ => Holder::Key(self.key_id.clone()),
        }
    }

    /// What it may do with the items of one cache.
    pub(super) fn grants(&self, cache: &[u8]) -> Grants {
        let own = self.permissions.at(cache);
        match &self.issuer {
            Some(issuer) => own.and(issuer.vended_at(cache)),
            None => own,
        }
    }

    /// Checks that the token has not expired.
    ///
    /// # Errors
    ///
    /// [`crate::error::Error::Unauthenticated`].
    pub(super) fn check_expiry(&self, now: Now) -> Result<()> {
        if now.epoch_seconds >= self.expires_at { Err(ENDED) } else { Ok(()) }
    }
}
