//! The handler of each method over plain HTTP; the table of methods has the paths.

use super::request::Handler;
use super::{batch, dictionary, leaderboard, list, scalar, set, sorted_set};
use crate::methods::{Api, Verb};

/// The handler at `path` below a cache; without one, at the cache itself or a key in its path.
pub(super) fn at(verb: Verb, path: Option<&str>) -> Option<Handler> {
    let below = match path {
        None => "",
        Some("") => return None,
        Some(path) => path,
    };
    Api::at(verb, below).and_then(handler)
}

/// The handler of a method; `None` if only gRPC offers it.
fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::Get => scalar::get,
        Api::Set | Api::SetIf | Api::SetIfHash => scalar::put,
        Api::Delete => scalar::delete,
        Api::KeysExist => batch::exists,
        Api::GetBatch => batch::get,
        Api::SetBatch => batch::put,
        Api::Increment => scalar::increment,
        Api::UpdateTtl => scalar::update_ttl,
        Api::ItemGetTtl => scalar::ttl,
        Api::ItemGetType => scalar::item_type,

        Api::DictionaryGet | Api::DictionaryFetch => dictionary::get,
        Api::DictionarySet => dictionary::set,
        Api::DictionaryIncrement => dictionary::increment,
        Api::DictionaryDelete => dictionary::delete,
        Api::DictionaryLength => dictionary::length,

        Api::SetFetch => set::fetch,
        Api::SetSample => set::sample,
        Api::SetUnion => set::add,
        Api::SetDifference => set::delete,
        Api::SetContains => set::contains,
        Api::SetLength => set::length,
        Api::SetPop => set::pop,

        Api::ListPopFront => list::pop_front,
        Api::ListPopBack => list::pop_back,
        Api::ListErase | Api::ListRemove => list::delete,
        Api::ListFetch => list::fetch,
        Api::ListLength => list::length,
        Api::ListConcatenateFront => list::push_front,
        Api::ListConcatenateBack => list::push_back,
        Api::ListRetain => list::retain,

        Api::SortedSetPut => sorted_set::put,
        Api::SortedSetFetch => sorted_set::fetch,
        Api::SortedSetGetScore => sorted_set::scores,
        Api::SortedSetRemove => sorted_set::delete,
        Api::SortedSetIncrement => sorted_set::increment,
        Api::SortedSetGetRank => sorted_set::rank,
        Api::SortedSetLength | Api::SortedSetLengthByScore => sorted_set::length,
        Api::SortedSetUnionStore => sorted_set::union,

        Api::DeleteLeaderboard | Api::RemoveElements => leaderboard::delete,
        Api::UpsertElements => leaderboard::upsert,
        Api::GetLeaderboardLength => leaderboard::length,
        Api::GetByRank | Api::GetByScore => leaderboard::fetch,
        Api::GetRank | Api::GetCompetitionRank => leaderboard::ranks,

        Api::SetIfNotExists | Api::GetWithHash | Api::ListPushFront | Api::ListPushBack => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_a_handler_where_it_has_a_route_and_methods_with_one_route_have_one_handler() {
        for api in Api::ALL {
            let own = handler(*api);
            assert_eq!(own.is_some(), !api.routes().is_empty(), "{api:?}");
            for route in api.routes() {
                let found = Api::at(route.verb, route.below).and_then(handler);
                let is_same = own.zip(found).is_some_and(|(a, b)| std::ptr::fn_addr_eq(a, b));
                assert!(is_same, "{api:?} at {route:?}");
            }
        }
    }

    #[test]
    fn only_the_paths_of_the_table_are_answered() {
        let answered = |path| {
            let verbs = Verb::ALL.into_iter().filter(|verb| at(*verb, path).is_some());
            verbs.map(Verb::name).collect::<Vec<_>>()
        };
        assert_eq!(answered(None), ["GET", "PUT", "DELETE"]);
        assert_eq!(answered(Some("ttl")), ["GET", "PUT"]);
        assert_eq!(answered(Some("set")), ["GET", "POST", "DELETE"]);
        for path in ["", "/", "set/", "sets", "{key}"] {
            assert!(answered(Some(path)).is_empty(), "{path}");
        }
    }
}
