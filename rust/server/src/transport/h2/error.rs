//! Errors of HTTP/2, on a stream or on the connection (RFC 9113 §5.4, §7).

/// Why a stream or a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
    NoError = 0x0,
    ProtocolError = 0x1,
    InternalError = 0x2,
    FlowControlError = 0x3,
    StreamClosed = 0x5,
    FrameSizeError = 0x6,
    RefusedStream = 0x7,
    Cancel = 0x8,
    CompressionError = 0x9,
    EnhanceYourCalm = 0xb,
}

/// An error of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A connection error.
    Connection(ErrorCode),
    /// A stream error.
    Stream(u32, ErrorCode),
}

impl Fault {
    /// A frame that violates the protocol.
    pub(super) const PROTOCOL: Fault = Fault::Connection(ErrorCode::ProtocolError);
    /// A frame of the wrong length for its type.
    pub(super) const SIZE: Fault = Fault::Connection(ErrorCode::FrameSizeError);
    /// More useless frames than any client needs to send.
    pub(super) const FLOOD: Fault = Fault::Connection(ErrorCode::EnhanceYourCalm);
}

/// The result of handling what a client sent.
pub(super) type Outcome<T> = Result<T, Fault>;
