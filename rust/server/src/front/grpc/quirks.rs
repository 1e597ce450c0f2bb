//! Differences in how the official clients read the same answer.

use http::header;

use super::reply::{Reply, missing, rank_miss};
use crate::message::Headers;
use crate::methods::Api;

/// The answer as the calling client understands it.
///
/// That a value has no rank can be said by `element_rank` with the result `Miss` or by `missing`.
/// Momento's Python client takes only the former for a miss, and its Java client only the latter:
/// it reads every `element_rank` as a hit. Every call of the Java client bears the name of its
/// gRPC.
pub(super) fn fitted(api: Api, headers: &Headers, reply: Reply) -> Reply {
    if api == Api::SortedSetGetRank && is_java(headers) && reply == rank_miss() {
        return missing();
    }
    reply
}

fn is_java(headers: &Headers) -> bool {
    let agent = headers.get(header::USER_AGENT);
    agent.is_some_and(|agent| agent.as_bytes().starts_with(b"grpc-java"))
}
