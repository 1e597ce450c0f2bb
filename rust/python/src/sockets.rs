//! Takes over sockets that Python has opened.
//!
//! A file descriptor number alone proves nothing, so Rust turns one into a socket only in `unsafe`
//! code. A descriptor that arrives over a Unix socket belongs to the receiver (`SCM_RIGHTS`,
//! unix(7)), so Python sends each descriptor to Rust within the process.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// A duplicate of each socket, which stays open when Python closes its own.
pub(crate) fn adopt(py: Python<'_>, sockets: Vec<Bound<'_, PyAny>>) -> PyResult<Vec<TcpListener>> {
    Ok(duplicates(py, sockets)?.into_iter().map(TcpListener::from).collect())
}

/// The same of a socket that is connected.
pub(crate) fn adopt_connected(py: Python<'_>, socket: Bound<'_, PyAny>) -> PyResult<TcpStream> {
    Ok(OwnedFd::from(adopt_file(py, socket)?).into())
}

/// The same of a file, or of anything else that is read or written like one.
pub(crate) fn adopt_file(py: Python<'_>, file: Bound<'_, PyAny>) -> PyResult<File> {
    let file = duplicates(py, vec![file])?.pop().map(File::from);
    file.ok_or_else(|| io::Error::other("no descriptor has come").into())
}

fn duplicates(py: Python<'_>, sockets: Vec<Bound<'_, PyAny>>) -> PyResult<Vec<OwnedFd>> {
    let (ours, theirs) = UnixStream::pair()?;
    let module = py.import("socket")?;
    let number = PyDict::new(py);
    number.set_item("fileno", theirs.into_raw_fd())?;
    let sender = module.getattr("socket")?.call((), Some(&number))?;
    let mut adopted = Vec::with_capacity(sockets.len());
    for socket in sockets {
        let descriptor = socket.call_method0("fileno")?;
        module.call_method1("send_fds", (&sender, [b"."], [descriptor]))?;
        adopted.push(received(&ours)?);
    }
    sender.call_method0("close")?;
    Ok(adopted)
}

fn received(from: &UnixStream) -> io::Result<OwnedFd> {
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut room);
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    recvmsg(from, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let rights = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    rights.ok_or_else(|| io::Error::other("no descriptor has come"))
}
