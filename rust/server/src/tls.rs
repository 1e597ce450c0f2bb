//! TLS: certificates in, acceptors out.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::TlsAcceptor;
use x509_cert::der::Decode;

use crate::protocol::Protocols;

/// A certificate or a key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is not PEM, or contains something else.
    #[error("the {0} is no PEM that can be read: {1}")]
    Pem(&'static str, rustls_pki_types::pem::Error),
    /// The two do not fit together, or are not accepted by the TLS library.
    #[error("the certificate and its private key cannot be used: {0}")]
    Refused(#[from] rustls::Error),
}

/// The certificate for new connections; open ones keep theirs.
#[derive(Debug, Default)]
pub(crate) struct Certificate(ArcSwapOption<CertifiedKey>);

impl Certificate {
    /// Replaces the certificate for all handshakes from now on.
    ///
    /// # Errors
    ///
    /// [`TlsError`]; the old certificate stays in use then.
    pub(crate) fn replace(&self, chain: &str, private_key: &str) -> Result<(), TlsError> {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TlsError::Pem("certificate", error))?;
        if chain.is_empty() {
            return Err(TlsError::Pem("certificate", rustls_pki_types::pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes())
            .map_err(|error| TlsError::Pem("private key", error))?;
        let both = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
        self.0.store(Some(Arc::new(both)));
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    /// The same for every name: clients may use names that this server does not know.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

/// The time since 1970; `None` while the clock is set to a moment before that.
fn since_1970() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

/// The wall clock. That of `rustls` panics before 1970.
#[derive(Debug)]
struct WallClock;

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(since_1970().unwrap_or_default()))
    }
}

/// Tickets with which clients resume sessions. Those of `rustls` are made by its own clock, which
/// panics before 1970: until then there are none, and every handshake is a whole one.
#[derive(Debug, Default)]
struct Tickets(OnceLock<Option<Arc<dyn ProducesTickets>>>);

impl Tickets {
    fn usable(&self) -> Option<&dyn ProducesTickets> {
        since_1970()?;
        // Without good random numbers there are no tickets, either.
        self.0.get_or_init(|| ring::Ticketer::new().ok()).as_deref()
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.usable().is_some_and(ProducesTickets::enabled)
    }

    fn lifetime(&self) -> u32 {
        self.usable().map_or(0, ProducesTickets::lifetime)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.usable()?.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.usable()?.decrypt(cipher)
    }
}

/// When the first certificate of `chain` expires, in seconds since 1970; `None` if it cannot be
/// read.
pub(crate) fn end(chain: &str) -> Option<u64> {
    let first = CertificateDer::pem_slice_iter(chain.as_bytes()).next()?.ok()?;
    let certificate = x509_cert::Certificate::from_der(&first).ok()?;
    Some(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs())
}

/// Serves TLS 1.2 and 1.3 with whatever `certificate` is at the time of a handshake.
///
/// # Errors
///
/// [`TlsError`] if the TLS library refuses its own versions.
pub(crate) fn acceptor(
    certificate: &Arc<Certificate>,
    offers: Protocols,
) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(WallClock))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificate.clone());
    config.alpn_protocols = offers.alpn();
    config.ticketer = Arc::new(Tickets::default());
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test, good from 2020-01-02 to 2049-12-31.
    const CHAIN: &str = include_str!("tls_test.pem");

    #[test]
    fn the_end_of_a_certificate_is_read_from_it() {
        assert_eq!(end(CHAIN), Some(2_524_607_999));
        assert_eq!(end("no certificate"), None);
    }
}
