//! Which requests may take long, and so are served in steps.

use super::{Api, Verb};

/// A body of this size or more, in bytes, names so many elements that a request may take long.
const LONG_BODY: usize = 1024;

impl Api {
    /// From which size of its body on, in bytes, a request may take long: from none on where the work
    /// depends on what is stored.
    pub(crate) fn long_from(self) -> usize {
        match self {
            Api::ListKeys
            | Api::DictionaryFetch
            | Api::SetFetch
            | Api::SetSample
            | Api::SetPop
            | Api::ListErase
            | Api::ListRemove
            | Api::ListFetch
            | Api::ListRetain
            | Api::ListInsert
            | Api::SortedSetFetch
            | Api::SortedSetUnionStore
            | Api::GetByRank
            | Api::GetByScore => 0,
            Api::KeysExist
            | Api::GetBatch
            | Api::SetBatch
            | Api::DictionaryGet
            | Api::DictionarySet
            | Api::DictionaryDelete
            | Api::SetUnion
            | Api::SetDifference
            | Api::SetContains
            | Api::ListConcatenateFront
            | Api::ListConcatenateBack
            | Api::SortedSetPut
            | Api::SortedSetGetScore
            | Api::SortedSetRemove
            | Api::UpsertElements
            | Api::RemoveElements
            | Api::GetRank
            | Api::GetCompetitionRank => LONG_BODY,
            _ => usize::MAX,
        }
    }

    /// The same for a route of plain HTTP, where methods share routes.
    pub(crate) fn long_from_at(verb: Verb, below: &str) -> usize {
        match Api::at(verb, below) {
            // `DictionaryFetch` is there, too.
            Some(Api::DictionaryGet) => 0,
            Some(api) => api.long_from(),
            None => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_may_take_long_if_any_of_its_methods_may() {
        for api in Api::ALL {
            for route in api.routes() {
                // The elements that a query names are few, since a URL is short.
                let has_body = matches!(route.verb, Verb::Post | Verb::Put);
                let own = api.long_from();
                if has_body || own == 0 {
                    assert!(Api::long_from_at(route.verb, route.below) <= own, "{api:?}");
                }
            }
        }
    }
}
