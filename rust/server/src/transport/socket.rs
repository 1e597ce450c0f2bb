//! A socket that can be left alone for a while.

use std::io::{self, IoSlice};
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A connection that need not be told of input for a while. Without this each packet that arrives
/// wakes the thread, which costs more than what is done for a call over a limit.
pub(super) trait Pausable {
    /// Takes no notice of input until [`Pausable::resume`] or the next write. Reads are pending and
    /// wake nobody.
    fn pause(&mut self);

    /// Takes notice of input again.
    ///
    /// # Errors
    ///
    /// The socket cannot be registered again, or could not be taken out: it is lost.
    fn resume(&mut self) -> io::Result<()>;
}

/// A TCP socket, which the kernel reports to this thread unless it is paused.
pub(super) enum Socket {
    /// Input wakes the thread.
    Registered(TcpStream),
    /// Input waits in the kernel.
    Paused(net::TcpStream),
    /// Registering it, or taking it out, failed.
    Lost,
}

impl Pausable for Socket {
    fn pause(&mut self) {
        *self = match std::mem::replace(self, Socket::Lost) {
            Socket::Registered(stream) => stream.into_std().map_or(Socket::Lost, Socket::Paused),
            other => other,
        };
    }

    fn resume(&mut self) -> io::Result<()> {
        self.registered().map(drop)
    }
}

impl Socket {
    fn registered(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if !matches!(self, Socket::Registered(_)) {
            let Socket::Paused(stream) = std::mem::replace(self, Socket::Lost) else {
                return Err(io::ErrorKind::NotConnected.into());
            };
            *self = Socket::Registered(TcpStream::from_std(stream)?);
        }
        match self {
            Socket::Registered(stream) => Ok(Pin::new(stream)),
            Socket::Paused(_) | Socket::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Pausable for TlsStream<Socket> {
    fn pause(&mut self) {
        self.get_mut().0.pause();
    }

    fn resume(&mut self) -> io::Result<()> {
        self.get_mut().0.resume()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Registered(stream) => Pin::new(stream).poll_read(cx, to),
            Socket::Paused(_) => Poll::Pending,
            Socket::Lost => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().registered()?.poll_write(cx, from)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().registered()?.poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().registered()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().registered()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::runtime::Builder;

    use super::*;

    fn connected(test: impl AsyncFnOnce(Socket, net::TcpStream)) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            test(Socket::Registered(TcpStream::from_std(stream).unwrap()), client).await;
        });
    }

    #[test]
    fn what_comes_during_a_pause_is_read_after_it() {
        connected(async |mut socket, mut client| {
            socket.pause();
            client.write_all(b"ab").unwrap();
            let mut read = [0; 2];
            {
                let pending = std::pin::pin!(socket.read(&mut read));
                assert!(
                    pending.poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending()
                );
            }
            socket.resume().unwrap();
            socket.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, b"ab");
        });
    }

    #[test]
    fn a_write_ends_a_pause() {
        connected(async |mut socket, mut client| {
            socket.pause();
            socket.write_all(b"ab").await.unwrap();
            let mut read = [0; 2];
            client.read_exact(&mut read).unwrap();
            assert_eq!(&read, b"ab");
            assert!(matches!(socket, Socket::Registered(_)));
        });
    }

    #[test]
    fn a_client_that_leaves_during_a_pause_is_noticed_after_it() {
        connected(async |mut socket, client| {
            socket.pause();
            drop(client);
            socket.resume().unwrap();
            assert_eq!(socket.read(&mut [0]).await.unwrap(), 0);
        });
    }
}
