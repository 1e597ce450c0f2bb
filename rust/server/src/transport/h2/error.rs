//! What goes wrong on HTTP/2: with a stream, or with the connection (RFC 9113 §5.4, §7).

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

/// What a client has done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection cannot go on.
    Connection(ErrorCode),
    /// One stream cannot.
    Stream(u32, ErrorCode),
}

impl Fault {
    /// What may not be.
    pub(super) const PROTOCOL: Fault = Fault::Connection(ErrorCode::ProtocolError);
    /// A frame that is not as long as its kind has to be.
    pub(super) const SIZE: Fault = Fault::Connection(ErrorCode::FrameSizeError);
    /// More than anybody needs.
    pub(super) const FLOOD: Fault = Fault::Connection(ErrorCode::EnhanceYourCalm);
}

/// The result of what a client says.
pub(super) type Outcome<T> = Result<T, Fault>;
