//! TLS 1.3, as a client that keeps its connections.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::fault::Fault;
use crate::options::Options;

/// As much as a socket is read at once.
const SEALED_BYTES: usize = 64 * 1024;

/// What all connections have in common.
pub struct Tls {
    config: Arc<ClientConfig>,
    server: ServerName<'static>,
}

impl Tls {
    /// What the options ask for, if that is TLS.
    ///
    /// # Errors
    /// There is no certificate in the file.
    pub fn of(options: &Options) -> Result<Option<Self>, Fault> {
        let Some(file) = &options.tls else { return Ok(None) };
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(authority(file)?)
            .with_no_client_auth();
        config.alpn_protocols = options.protocol.alpn().map(<[u8]>::to_vec).into_iter().collect();
        let server = ServerName::from(options.address.ip());
        Ok(Some(Self { config: Arc::new(config), server }))
    }

    /// Shakes hands over a socket that blocks.
    ///
    /// # Errors
    /// The server is not who it should be, or speaks something else.
    pub fn shake_hands(&self, socket: &mut (impl Read + Write)) -> Result<Session, Fault> {
        let mut connection = ClientConnection::new(self.config.clone(), self.server.clone())?;
        // What is waiting is one flight of requests: it need not be held back.
        connection.set_buffer_limit(None);
        while connection.is_handshaking() {
            connection.complete_io(socket)?;
        }
        if connection.alpn_protocol() != self.config.alpn_protocols.first().map(Vec::as_slice) {
            return Err(Fault::Protocol("the server chose another protocol by ALPN"));
        }
        Ok(Session { connection, sealed: vec![0; SEALED_BYTES], opened: 0, filled: 0 })
    }
}

fn authority(file: &Path) -> Result<RootCertStore, Fault> {
    let unreadable = |_| Fault::Protocol("the authority's certificate cannot be read");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file).map_err(unreadable)?)?;
    Ok(roots)
}

/// One connection after its handshake, without its socket.
pub struct Session {
    connection: ClientConnection,
    /// What has come from the socket: opened, and still sealed.
    sealed: Vec<u8>,
    opened: usize,
    filled: usize,
}

impl Session {
    /// Takes bytes, to be sent by `flush`.
    ///
    /// # Errors
    /// The connection broke.
    pub fn seal(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.writer().write_all(bytes)
    }

    /// Sends what the socket takes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                sent => sent?,
            };
        }
        Ok(())
    }

    /// Opens what has come; nothing if more must come first, and 0 if no more will.
    ///
    /// # Errors
    /// The server broke TLS.
    pub fn open(&mut self, space: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.connection.reader().read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return read.map(Some),
            }
            if self.opened == self.filled {
                return Ok(None);
            }
            let mut rest = &self.sealed[self.opened..self.filled];
            self.connection.read_tls(&mut rest)?;
            self.opened = self.filled - rest.len();
            self.connection.process_new_packets().map_err(io::Error::other)?;
        }
    }

    /// Where what comes next is to be put; `open` must have returned nothing.
    pub fn space(&mut self) -> &mut [u8] {
        &mut self.sealed
    }

    /// So many bytes have been put there.
    pub fn fill(&mut self, count: usize) {
        (self.opened, self.filled) = (0, count);
    }
}
