//! Signed URLs: a token that an account signs itself, for one item and one kind of access.
//!
//! Only the front that reads the key from the path accepts such a token; for any other request it
//! is invalid.

use std::sync::Arc;

use attimo_engine::Ttl;

use super::caller::{ENDED, Holder};
use super::{Authorization, Credential, Gate};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::meter::ThreadMeter;
use crate::token::{Claims, INVALID, Kind, UrlGrant};

const NO_GET: Error = Error::denied("the signed URL is not for reading");
const NO_SET: Error = Error::denied("the signed URL is not for writing");
const OTHER_TTL: Error = Error::denied("the signed URL is for another ttl_seconds");
const MILLISECONDS: u64 = 1_000;

/// A signed URL that is valid now; what it permits is checked separately.
pub(crate) struct SignedUrl(Arc<Claims>);

impl SignedUrl {
    /// Checks that it is for reading.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`].
    pub(crate) fn check_get(&self) -> Result<()> {
        if self.grant()?.gets { Ok(()) } else { Err(NO_GET) }
    }

    /// Checks that it is for writing with this lifetime.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`].
    pub(crate) fn check_set(&self, ttl: Ttl) -> Result<()> {
        let seconds = self.grant()?.sets.ok_or(NO_SET)?;
        if Ttl(seconds.saturating_mul(MILLISECONDS)) == ttl { Ok(()) } else { Err(OTHER_TTL) }
    }

    fn grant(&self) -> Result<&UrlGrant> {
        match &self.0.kind {
            Kind::Url(grant) => Ok(grant),
            Kind::ApiKey(_) | Kind::Disposable { .. } => Err(INVALID),
        }
    }
}

impl Gate {
    /// Verifies `credential` as the token of a signed URL.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] if its key is unknown, revoked or expired, or the URL has
    /// expired; [`Error::Suspended`].
    pub(crate) fn admit_url(&self, credential: Credential<'_>, now: Now) -> Result<SignedUrl> {
        let claims = self.verifier.verify(&self.directory, credential.token)?;
        // Verified tokens are cached, and the key may have been revoked since.
        let key = self.directory.url_key(&claims.kid).ok_or(INVALID)?;
        let url = SignedUrl(claims);
        url.grant()?;
        url.0.check_begin(now.epoch_seconds)?;
        let until = key.expires_at.min(url.0.expires_at);
        if now.epoch_seconds >= until {
            return Err(ENDED);
        }
        self.check_account(url.0.account)?;
        Ok(url)
    }

    /// Authorizes a signed URL for the cache called `cache`; usage counts under the id of its key.
    ///
    /// # Errors
    ///
    /// Those of [`Gate::admit_url`]; the rest is checked as for any [`Authorization`].
    pub(crate) fn open_url(
        &self,
        meter: &ThreadMeter,
        credential: Credential<'_>,
        cache: &[u8],
        now: Now,
    ) -> Result<(Authorization, SignedUrl)> {
        let url = self.admit_url(credential, now)?;
        let grants = url.grant()?.permissions.at(cache);
        let cache = self.cache_of(url.0.account, cache, now);
        let kid: Arc<str> = url.0.kid.as_str().into();
        let counters = meter.counters(cache.map(|cache| cache.id), &kid);
        let limits = self.limits_of(url.0.account, cache, &kid, now);
        let transfer = self.directory.transfer(url.0.account);
        // Not cached: the same token is invalid for other requests.
        let (holder, publisher, until, revision) = (Holder::Url, "".into(), 0, 0);
        let account = url.0.account;
        let authorization = Authorization {
            holder,
            grants,
            account,
            publisher,
            cache,
            counters,
            limits,
            transfer,
            until,
            revision,
        };
        Ok((authorization, url))
    }
}
