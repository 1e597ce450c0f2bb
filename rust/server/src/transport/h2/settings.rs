//! Settings (RFC 9113 §6.5).

use super::error::{ErrorCode, Fault, Outcome};
use super::frame::{Kind, write, write_window_update};
use super::window;
use crate::limits::{HEADER_BYTES, STREAMS_PER_CONNECTION};

/// The receive window of a stream, in bytes.
pub(super) const STREAM_WINDOW: u32 = 1 << 20;
/// The receive window of a connection, in bytes.
pub(super) const CONNECTION_WINDOW: u32 = 16 << 20;

const HEADER_TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;
const MAX_HEADER_LIST_SIZE: u16 = 6;
/// RFC 8441 §3.
const ENABLE_CONNECT_PROTOCOL: u16 = 8;

/// A setting that the server uses; others are only validated.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// The size of the client's dynamic table, in bytes.
    TableSize(u32),
    /// The initial send window of a stream, in bytes.
    Window(u32),
}

/// Writes the server's settings.
pub(super) fn greet(to: &mut Vec<u8>) {
    let settings = [
        (MAX_CONCURRENT_STREAMS, STREAMS_PER_CONNECTION),
        (INITIAL_WINDOW_SIZE, STREAM_WINDOW),
        (MAX_HEADER_LIST_SIZE, HEADER_BYTES),
        (ENABLE_CONNECT_PROTOCOL, 1),
    ];
    let content: Vec<u8> = settings.iter().flat_map(|(id, value)| setting(*id, *value)).collect();
    write(to, Kind::Settings, 0, 0, &content);
    write_window_update(to, 0, CONNECTION_WINDOW - window::DEFAULT);
}

fn setting(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

/// Lets the client open so many streams from now on.
pub(super) fn raise_streams(to: &mut Vec<u8>, most: u32) {
    write(to, Kind::Settings, 0, 0, &setting(MAX_CONCURRENT_STREAMS, most));
}

/// Reads the settings of a client in order: one may occur twice.
pub(super) fn read(content: &[u8]) -> impl Iterator<Item = Outcome<Setting>> {
    content.as_chunks::<6>().0.iter().filter_map(|setting| {
        let id = u16::from_be_bytes([setting[0], setting[1]]);
        let value = u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
        match (id, value) {
            (HEADER_TABLE_SIZE, size) => Some(Ok(Setting::TableSize(size))),
            (INITIAL_WINDOW_SIZE, ..=0x7FFF_FFFF) => Some(Ok(Setting::Window(value))),
            (INITIAL_WINDOW_SIZE, _) => Some(Err(Fault::Connection(ErrorCode::FlowControlError))),
            (ENABLE_PUSH | ENABLE_CONNECT_PROTOCOL, 2..)
            | (MAX_FRAME_SIZE, ..=0x3FFF | 0x0100_0000..) => Some(Err(Fault::PROTOCOL)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::frame::HEAD;
    use super::*;

    #[test]
    fn the_settings_of_the_server_can_be_read() {
        let mut bytes = Vec::new();
        greet(&mut bytes);
        let settings: Vec<_> = read(&bytes[HEAD..HEAD + 24]).collect();

        assert_eq!(settings, [Ok(Setting::Window(STREAM_WINDOW))]);
    }

    #[test]
    fn invalid_values_are_refused() {
        let setting = |id: u16, value: u32| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
        for (id, value, is_fine) in [
            (ENABLE_PUSH, 1, true),
            (ENABLE_PUSH, 2, false),
            (ENABLE_CONNECT_PROTOCOL, 1, true),
            (ENABLE_CONNECT_PROTOCOL, 2, false),
            (INITIAL_WINDOW_SIZE, 0x7FFF_FFFF, true),
            (INITIAL_WINDOW_SIZE, 0x8000_0000, false),
            (MAX_FRAME_SIZE, 16_384, true),
            (MAX_FRAME_SIZE, 16_383, false),
            (MAX_FRAME_SIZE, 0x00FF_FFFF, true),
            (MAX_FRAME_SIZE, 0x0100_0000, false),
            (0xBEEF, u32::MAX, true),
        ] {
            assert_eq!(read(&setting(id, value)).all(|setting| setting.is_ok()), is_fine);
        }
    }
}
