//! HTTP/2 frames (RFC 9113), as far as a client meets them whose requests are whole.

use crate::fault::Fault;

/// What opens every connection from the client's side.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes before a frame's payload.
pub const HEAD_BYTES: usize = 9;
/// What we let the server send before we give it more, for the connection and for each stream.
pub const WINDOW: u32 = 1 << 24;
/// What a window is before anybody has said otherwise.
pub const FIRST_WINDOW: u32 = 65_535;

/// Kinds of frames.
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags of frames.
pub mod flag {
    pub const ACK: u8 = 0x1;
    pub const END_STREAM: u8 = 0x1;
    pub const END_HEADERS: u8 = 0x4;
    pub const PADDED: u8 = 0x8;
    pub const PRIORITY: u8 = 0x20;
}

/// Settings that matter here.
pub mod setting {
    pub const HEADER_TABLE_SIZE: u16 = 1;
    pub const ENABLE_PUSH: u16 = 2;
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
}

/// One frame as it arrived.
pub struct Frame<'a> {
    /// Which kind.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream; 0 is the connection.
    pub stream: u32,
    /// What it carries, padding included.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame of `bytes`, if it has arrived in full.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        Some(Self { kind: head[3], flags: head[4], stream, payload: rest.get(..length)? })
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload without padding and priority.
    ///
    /// # Errors
    /// The padding is longer than the frame.
    pub fn content(&self) -> Result<&'a [u8], Fault> {
        if !self.has(flag::PADDED | flag::PRIORITY) {
            return Ok(self.payload);
        }
        let mut content = self.payload;
        let mut padding = 0;
        if self.has(flag::PADDED) {
            let (first, rest) = content.split_first().ok_or(Fault::Protocol("no padding"))?;
            (padding, content) = (usize::from(*first), rest);
        }
        let skip = if self.kind == kind::HEADERS && self.has(flag::PRIORITY) { 5 } else { 0 };
        let end = content.len().checked_sub(padding).ok_or(Fault::Protocol("too much padding"))?;
        content.get(skip..end).ok_or(Fault::Protocol("a frame too short"))
    }

    /// The number at the start of the payload.
    ///
    /// # Errors
    /// The payload is too short.
    pub fn number(&self, at: usize) -> Result<u32, Fault> {
        let bytes = self.payload.get(at..).and_then(|rest| rest.first_chunk::<4>());
        bytes.map(|bytes| u32::from_be_bytes(*bytes)).ok_or(Fault::Protocol("a frame too short"))
    }

    /// The settings in the payload.
    pub fn settings(&self) -> impl Iterator<Item = (u16, u32)> + 'a {
        self.payload.chunks_exact(6).map(|chunk| {
            let id = u16::from_be_bytes([chunk[0], chunk[1]]);
            (id, u32::from_be_bytes([chunk[2], chunk[3], chunk[4], chunk[5]]))
        })
    }
}

/// Writes the head of a frame whose payload of `length` bytes follows.
pub fn write_head(kind: u8, flags: u8, stream: u32, length: usize, out: &mut Vec<u8>) {
    let [a, b, c, d] = stream.to_be_bytes();
    let [.., x, y, z] = length.to_be_bytes();
    out.extend_from_slice(&[x, y, z, kind, flags, a, b, c, d]);
}

/// Writes a setting, as it stands in a SETTINGS frame.
pub fn write_setting(id: u16, value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&value.to_be_bytes());
}

/// Lets the server send `more` bytes on a stream; on 0, the connection.
pub fn write_window_update(stream: u32, more: u32, out: &mut Vec<u8>) {
    write_head(kind::WINDOW_UPDATE, 0, stream, 4, out);
    out.extend_from_slice(&more.to_be_bytes());
}

/// Writes what opens every connection: no pushes, and wide windows.
pub fn write_opening(out: &mut Vec<u8>) {
    out.extend_from_slice(PREFACE);
    write_head(kind::SETTINGS, 0, 0, 12, out);
    write_setting(setting::ENABLE_PUSH, 0, out);
    write_setting(setting::INITIAL_WINDOW_SIZE, WINDOW, out);
    write_window_update(0, WINDOW - FIRST_WINDOW, out);
}

/// Writes the answer to a PING that is none itself.
pub fn answer_ping(frame: &Frame, out: &mut Vec<u8>) {
    if !frame.has(flag::ACK) {
        write_head(kind::PING, flag::ACK, 0, frame.payload.len(), out);
        out.extend_from_slice(frame.payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let mut bytes = Vec::new();
        write_head(kind::DATA, flag::END_STREAM, 7, 3, &mut bytes);
        assert!(Frame::read(&bytes).is_none());
        bytes.extend_from_slice(b"abc");
        let frame = Frame::read(&bytes).unwrap();
        assert_eq!((frame.kind, frame.stream, frame.payload), (kind::DATA, 7, &b"abc"[..]));
        assert!(frame.has(flag::END_STREAM));
    }

    #[test]
    fn padding_and_priority_are_left_out() {
        let frame = Frame {
            kind: kind::HEADERS,
            flags: flag::PADDED | flag::PRIORITY,
            stream: 1,
            payload: &[2, 0, 0, 0, 0, 9, b'x', b'y', 0, 0],
        };
        assert_eq!(frame.content().unwrap(), b"xy");
    }
}
