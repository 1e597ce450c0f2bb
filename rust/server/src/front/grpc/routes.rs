//! The handler of each method over gRPC.

use bytes::Bytes;

use super::reply::Reply;
use super::{batch, dictionary, leaderboard, list, pubsub, scalar, set, sorted_set};
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::methods::Api;

/// Runs a method of a gRPC service, from message bytes to reply.
///
/// # Errors
///
/// [`Error::Malformed`], or what the gate and the command document; [`Error::Internal`] if only plain
/// HTTP has the method, or its answer is a stream.
pub(super) fn run(call: &mut Call<'_>, api: Api, message: &Bytes) -> Result<Reply> {
    match api {
        Api::Get => scalar::get(call, message),
        Api::Set => scalar::set(call, message),
        Api::Delete => scalar::delete(call, message),
        Api::KeysExist => scalar::keys_exist(call, message),
        Api::Increment => scalar::increment(call, message),
        Api::SetIf => scalar::set_if(call, message),
        Api::SetIfNotExists => scalar::set_if_not_exists(call, message),
        Api::GetWithHash => scalar::get_with_hash(call, message),
        Api::SetIfHash => scalar::set_if_hash(call, message),
        Api::GetBatch => batch::get(call, message),
        Api::SetBatch => batch::set(call, message),
        Api::UpdateTtl => scalar::update_ttl(call, message),
        Api::ItemGetTtl => scalar::item_get_ttl(call, message),
        Api::ItemGetType => scalar::item_get_type(call, message),

        Api::DictionaryGet => dictionary::get(call, message),
        Api::DictionaryFetch => dictionary::fetch(call, message),
        Api::DictionarySet => dictionary::set(call, message),
        Api::DictionaryIncrement => dictionary::increment(call, message),
        Api::DictionaryDelete => dictionary::delete(call, message),
        Api::DictionaryLength => dictionary::length(call, message),

        Api::SetFetch => set::fetch(call, message),
        Api::SetSample => set::sample(call, message),
        Api::SetUnion => set::union(call, message),
        Api::SetDifference => set::difference(call, message),
        Api::SetContains => set::contains(call, message),
        Api::SetLength => set::length(call, message),
        Api::SetPop => set::pop(call, message),

        Api::ListPushFront => list::push_front(call, message),
        Api::ListPushBack => list::push_back(call, message),
        Api::ListPopFront => list::pop_front(call, message),
        Api::ListPopBack => list::pop_back(call, message),
        Api::ListErase => list::erase(call, message),
        Api::ListRemove => list::remove(call, message),
        Api::ListFetch => list::fetch(call, message),
        Api::ListLength => list::length(call, message),
        Api::ListConcatenateFront => list::concatenate_front(call, message),
        Api::ListConcatenateBack => list::concatenate_back(call, message),
        Api::ListRetain => list::retain(call, message),

        Api::SortedSetPut => sorted_set::put(call, message),
        Api::SortedSetFetch => sorted_set::fetch(call, message),
        Api::SortedSetGetScore => sorted_set::get_score(call, message),
        Api::SortedSetRemove => sorted_set::remove(call, message),
        Api::SortedSetIncrement => sorted_set::increment(call, message),
        Api::SortedSetGetRank => sorted_set::get_rank(call, message),
        Api::SortedSetLength => sorted_set::length(call, message),
        Api::SortedSetLengthByScore => sorted_set::length_by_score(call, message),
        Api::SortedSetUnionStore => sorted_set::union_store(call, message),

        Api::Publish => pubsub::publish(call, message),

        _ => run_of_leaderboard(call, api, message),
    }
}

fn run_of_leaderboard(call: &mut Call<'_>, api: Api, message: &Bytes) -> Result<Reply> {
    match api {
        Api::DeleteLeaderboard => leaderboard::delete(call, message),
        Api::UpsertElements => leaderboard::upsert(call, message),
        Api::RemoveElements => leaderboard::remove(call, message),
        Api::GetLeaderboardLength => leaderboard::length(call, message),
        Api::GetByRank => leaderboard::get_by_rank(call, message),
        Api::GetRank => leaderboard::get_rank(call, message),
        Api::GetByScore => leaderboard::get_by_score(call, message),
        Api::GetCompetitionRank => leaderboard::get_competition_rank(call, message),
        _ => Err(Error::Internal),
    }
}
