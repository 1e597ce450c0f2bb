//! Who comes to the door, and with what.

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Now;
use crate::directory::{AccountId, TokenHash};
use crate::error::{Error, Result};
use crate::permissions::Permissions;

/// The account that owns everything on a server that was started with `--local`.
pub(super) const LOCAL_OWNER: AccountId = AccountId(1);
pub(super) const ENDED: Error = Error::Unauthenticated("the token has ended");
/// The key id under which its use is counted.
const LOCAL_KEY: &str = "local";

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Whose caches these are.
    pub(crate) account: AccountId,
    /// Under which key its use is counted.
    pub(crate) key_id: Arc<str>,
    /// When the token ends, in seconds since 1970.
    pub(crate) expires_at: u64,
    /// What it may do with data.
    pub(super) permissions: Arc<Permissions>,
    /// Whether it bears a disposable token.
    pub(super) disposable: bool,
    /// The session whose token it bears, if it does.
    pub(crate) session: Option<TokenHash>,
}

/// The token of a request, and whence it came.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'a> {
    /// The token as it was sent; empty if there was none.
    pub(crate) token: &'a [u8],
    /// Whether the listener takes an empty token for the owner's.
    pub(crate) local: bool,
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
}

impl Caller {
    pub(super) fn local_owner() -> Self {
        Caller {
            account: LOCAL_OWNER,
            key_id: LOCAL_KEY.into(),
            expires_at: u64::MAX,
            permissions: Arc::new(Permissions::everything()),
            disposable: false,
            session: None,
        }
    }

    /// Checks that the token has not ended.
    ///
    /// # Errors
    ///
    /// [`crate::error::Error::Unauthenticated`].
    pub(super) fn check_expiry(&self, now: Now) -> Result<()> {
        if now.epoch_seconds >= self.expires_at { Err(ENDED) } else { Ok(()) }
    }
}
