//! Why requests fail, for every protocol: one row per cause. `docs/reference/errors.md` derives from it.

use attimo_engine as engine;
use http::StatusCode;

use super::grpc::code::Code;
use crate::error::{Error, Overload};
use crate::plan::Limit;

/// A cause of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The word for it, in `err`.
    pub err: &'static str,
    pub(crate) status: StatusCode,
    /// The HTTP API's `code`, which several causes share.
    pub code: &'static str,
    pub(crate) grpc: Code,
    /// What went wrong.
    pub meaning: &'static str,
    /// What the caller can do.
    pub remedy: &'static str,
}

impl Cause {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The number of the gRPC status.
    pub fn grpc_status(&self) -> u8 {
        self.grpc as u8
    }

    /// The word for the trailer `err` of a gRPC status. The official clients read it as the name of a
    /// limit, so only limits have one, and a suspended account.
    pub(crate) fn trailer(&self) -> Option<&'static str> {
        let has_trailer = self.err.ends_with("_limit_exceeded") || *self == SUSPENDED;
        has_trailer.then_some(self.err)
    }
}

macro_rules! causes {
    ($($name:ident $err:literal $status:ident $code:literal $grpc:ident $meaning:literal $remedy:literal)*) => {
        $(pub(crate) const $name: Cause = Cause {
            err: $err,
            status: StatusCode::$status,
            code: $code,
            grpc: Code::$grpc,
            meaning: $meaning,
            remedy: $remedy,
        };)*

        /// Every cause.
        pub const CAUSES: &[Cause] = &[$($name),*];
    };
}

causes! {
    INVALID "invalid_argument" BAD_REQUEST "invalid_argument" InvalidArgument
        "A field of the request is missing, of the wrong kind or out of range."
        "The message names the field and what is allowed; change the request."
    MALFORMED_HEAD "malformed_request" BAD_REQUEST "invalid_argument" InvalidArgument
        "The request is not valid HTTP/1.1."
        "Fix the client or the proxy in between; the message says which part is wrong."
    MEDIA_TYPE "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "invalid_argument" InvalidArgument
        "The `Content-Type` of the body cannot be read here."
        "Send the content type in the `Accept` header of the response; for curl, use `--json`."
    COMPRESSED "unsupported_encoding" UNSUPPORTED_MEDIA_TYPE "invalid_argument" Unimplemented
        "The body or message is compressed."
        "Send it uncompressed (`identity`)."
    MISSING_TOKEN "missing_token" UNAUTHORIZED "unauthenticated" Unauthenticated
        "The request has no API key or token."
        "Send the key in the `authorization` header, as the message says."
    INVALID_TOKEN "invalid_token" UNAUTHORIZED "unauthenticated" Unauthenticated
        "The token is invalid, expired or revoked, or was issued by another server."
        "Create a new key or token on this server, and check that client and key belong together."
    DENIED "permission_denied" FORBIDDEN "permission_denied" PermissionDenied
        "The key or token is valid, but lacks the permission."
        "Use a key whose role allows it, or ask somebody who manages roles; `attimo whoami` shows what a key may do."
    SUSPENDED "account_suspended" FORBIDDEN "permission_denied" PermissionDenied
        "The server's operator has suspended the account. Nothing is lost."
        "Ask the operator."
    CACHE_NOT_FOUND "cache_not_found" NOT_FOUND "not_found" NotFound
        "The account has no cache of that name."
        "Check the name with `attimo cache list`, or create the cache."
    KEY_NOT_FOUND "key_not_found" NOT_FOUND "not_found" NotFound
        "A miss: there is no item at the key. It was never written, was deleted, has expired or was evicted."
        "Read the value from its source and write it to the cache."
    PATH_NOT_FOUND "path_not_found" NOT_FOUND "not_found" NotFound
        "The API has no such path."
        "Check the path in the API reference."
    NOT_OFFERED "not_offered" NOT_FOUND "not_found" Unimplemented
        "The listener at this address does not offer this protocol or page."
        "Use another address of the server; `attimo status` lists them."
    METHOD_NOT_ALLOWED "method_not_allowed" METHOD_NOT_ALLOWED "unimplemented" Unimplemented
        "The path or service has no such method."
        "Use one of those in the `Allow` header; for gRPC, check the method's name."
    NOT_IMPLEMENTED "not_implemented" NOT_IMPLEMENTED "unimplemented" Unimplemented
        "The server does not implement this part of HTTP."
        "Use another method or transfer coding; the message says which."
    NOT_IN_BACKEND "not_in_backend" NOT_IMPLEMENTED "unimplemented" Unimplemented
        "The store behind this server has no such command."
        "Use single values, or a server with its own engine."
    HTTP_VERSION "http_version_not_supported" HTTP_VERSION_NOT_SUPPORTED "unimplemented" Unimplemented
        "The request's version of HTTP is not spoken here."
        "Use HTTP/1.1 or HTTP/2."
    EXPECTATION "expectation_failed" EXPECTATION_FAILED "invalid_argument" InvalidArgument
        "The `Expect` header has another value than `100-continue`."
        "Leave the header out."
    URI_TOO_LONG "uri_too_long" URI_TOO_LONG "resource_exhausted" ResourceExhausted
        "The URL is longer than the limit."
        "Use a shorter key, or gRPC, which sends keys in the message."
    HEADERS_TOO_LARGE "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "resource_exhausted" ResourceExhausted
        "The headers are larger than the limit."
        "Send fewer or shorter headers; often a cookie is the cause."
    REQUEST_TOO_LARGE "request_size_limit_exceeded" PAYLOAD_TOO_LARGE "resource_exhausted" ResourceExhausted
        "The request, or the reply to it, is larger than the limit in the message."
        "Split the request, or fetch a part of the collection."
    ITEM_TOO_LARGE "item_size_limit_exceeded" PAYLOAD_TOO_LARGE "resource_exhausted" ResourceExhausted
        "The item would be larger than the limit."
        "Split the value, or ask the operator to raise `item_bytes` of the plan, or `--item-bytes`."
    ELEMENT_TOO_LARGE "element_size_limit_exceeded" PAYLOAD_TOO_LARGE "resource_exhausted" ResourceExhausted
        "An element of a collection would be larger than the limit."
        "Store the element as an item of its own, and its key in the collection."
    THROUGHPUT "throughput_rate_limit_exceeded" TOO_MANY_REQUESTS "resource_exhausted" ResourceExhausted
        "A limit of bytes of the account's plan is met, and the message names it; or the server has no memory left for more requests and replies in flight."
        "Retry after the time in `Retry-After`; send fewer bytes, read replies as they come, or ask the operator for a larger plan."
    OPERATIONS "operations_rate_limit_exceeded" TOO_MANY_REQUESTS "resource_exhausted" ResourceExhausted
        "A limit of operations of the account's plan is met, and the message names it; or too many requests are waiting for the control plane, or come without a valid token."
        "Retry after the time in `Retry-After`; send fewer requests, check the token, or ask the operator for a larger plan."
    SUBSCRIPTIONS "topic_subscriptions_limit_exceeded" TOO_MANY_REQUESTS "resource_exhausted" ResourceExhausted
        "The account has as many concurrent subscriptions to topics as its plan allows."
        "End a subscription that is not needed, or ask the operator for a larger plan."
    WRONG_TYPE "wrong_type" BAD_REQUEST "failed_precondition" FailedPrecondition
        "The item has another type than the method works on, such as a list for a dictionary's method."
        "Use another key, or delete the item first; `attimo info KEY` shows its type."
    NOT_A_NUMBER "not_a_number" BAD_REQUEST "failed_precondition" FailedPrecondition
        "The value to increment is not an integer."
        "Increment only keys and fields that hold integers."
    OVERFLOW "number_overflow" BAD_REQUEST "failed_precondition" FailedPrecondition
        "The result would not fit into 64 bits."
        "Use a smaller amount."
    NOT_A_SCORE "not_a_score" BAD_REQUEST "invalid_argument" InvalidArgument
        "A score is not a number, or the sum of scores would not be one."
        "Send finite numbers as scores."
    CONDITION "condition_failed" PRECONDITION_FAILED "failed_precondition" FailedPrecondition
        "The condition of the request does not hold; nothing was changed."
        "Read the item again, then decide anew."
    RANGE "range_not_satisfiable" RANGE_NOT_SATISFIABLE "out_of_range" OutOfRange
        "`Range` names no part of the value."
        "`Content-Range` has the value's length."
    TOO_SLOW "request_timeout" REQUEST_TIMEOUT "deadline_exceeded" DeadlineExceeded
        "The request did not arrive in time."
        "Send it in one piece, or over a faster connection."
    CONTROL_PLANE "control_plane_unavailable" SERVICE_UNAVAILABLE "unavailable" Unavailable
        "The control plane does not answer. Data is served meanwhile."
        "Retry; if it persists, the server's log has the reason."
    STORE "store_unavailable" SERVICE_UNAVAILABLE "unavailable" Unavailable
        "The store does not answer, or the disk cannot be written. A write may have been done."
        "Retry; if it persists, the server's log has the reason."
    CONTENDED "item_contended" SERVICE_UNAVAILABLE "unavailable" Unavailable
        "Other clients kept changing the item during the operation; nothing was changed."
        "Retry after a random delay."
    NO_HANDLES "no_file_handles" SERVICE_UNAVAILABLE "unavailable" Unavailable
        "The server may not open more files."
        "Retry; the operator raises the limit of open files (`ulimit -n`)."
    STOPPING "server_stopping" SERVICE_UNAVAILABLE "unavailable" Unavailable
        "The server stops, and ends its subscriptions."
        "Subscribe again from the next message on; the official clients do so by themselves."
    NOT_READ "subscription_not_read" SERVICE_UNAVAILABLE "unavailable" Unavailable
        "The client of a subscription read nothing for a minute."
        "Subscribe again from the next message on; read messages as they come."
    INTERNAL "internal_error" INTERNAL_SERVER_ERROR "internal" Internal
        "A fault of the server."
        "Report it with the `x-request-id` of the response; the server's log has the details under it."
}

impl From<&Error> for Cause {
    fn from(error: &Error) -> Self {
        match error {
            Error::Malformed(_) | Error::Invalid(_) => INVALID,
            Error::MediaType(_) => MEDIA_TYPE,
            Error::Compressed => COMPRESSED,
            Error::RequestTooLarge
            | Error::UnauthenticatedTooLarge
            | Error::ReplyTooLarge(_)
            | Error::MessageTooLarge => REQUEST_TOO_LARGE,
            Error::Stopping => STOPPING,
            Error::NotRead => NOT_READ,
            Error::HeadersTooLarge => HEADERS_TOO_LARGE,
            Error::NoToken(_) => MISSING_TOKEN,
            Error::Unauthenticated(_) => INVALID_TOKEN,
            Error::TooSlow => TOO_SLOW,
            Error::Overloaded(Overload::Bytes) => THROUGHPUT,
            Error::Overloaded(_) => OPERATIONS,
            Error::Limited(met) if met.limit == Limit::Subscriptions => SUBSCRIPTIONS,
            Error::Limited(met) if met.limit.is_of_operations() => OPERATIONS,
            Error::Limited(_) => THROUGHPUT,
            Error::Denied(_) => DENIED,
            Error::Suspended => SUSPENDED,
            Error::NoSuchCache => CACHE_NOT_FOUND,
            Error::NotOffered(_) => NOT_OFFERED,
            Error::Unimplemented(_) => METHOD_NOT_ALLOWED,
            Error::UnknownProtocol => NOT_IMPLEMENTED,
            Error::NotInBackend => NOT_IN_BACKEND,
            Error::Unavailable => CONTROL_PLANE,
            Error::NoBackend => STORE,
            Error::Contended => CONTENDED,
            Error::NoHandles => NO_HANDLES,
            Error::Internal | Error::Waiting => INTERNAL,
            Error::Engine(error) => error.into(),
        }
    }
}

impl From<&engine::Error> for Cause {
    fn from(error: &engine::Error) -> Self {
        match error {
            engine::Error::ItemTooLarge { .. } => ITEM_TOO_LARGE,
            engine::Error::ElementTooLarge { .. } => ELEMENT_TOO_LARGE,
            engine::Error::NotAScore => NOT_A_SCORE,
            engine::Error::Contended => CONTENDED,
            engine::Error::NoMemory => THROUGHPUT,
            engine::Error::WrongType { .. } => WRONG_TYPE,
            engine::Error::NotANumber => NOT_A_NUMBER,
            engine::Error::Overflow => OVERFLOW,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_cause_has_a_word_of_its_own_that_programs_can_compare() {
        let words: HashSet<_> = CAUSES.iter().map(|cause| cause.err).collect();

        assert_eq!(words.len(), CAUSES.len());
        let is_plain =
            |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(words.iter().all(|word| is_plain(word)));
    }

    #[test]
    fn official_clients_hear_only_words_that_they_know() {
        let told: Vec<_> = CAUSES.iter().filter_map(Cause::trailer).collect();

        assert_eq!(
            told,
            [
                "account_suspended",
                "request_size_limit_exceeded",
                "item_size_limit_exceeded",
                "element_size_limit_exceeded",
                "throughput_rate_limit_exceeded",
                "operations_rate_limit_exceeded",
                "topic_subscriptions_limit_exceeded",
            ]
        );
    }
}
