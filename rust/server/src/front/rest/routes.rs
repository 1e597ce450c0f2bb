//! The handler of each method over plain HTTP: the table of methods has the paths, and the module of
//! each data type names the handlers.

use super::request::Handler;
use super::{
    batch, dictionary, leaderboard, list, listing, scalar, set, sorted_set, topic_listing,
};
use crate::methods::{Api, DataType, Verb};

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
    match api.data_type() {
        DataType::Scalar => {
            scalar::handler(api).or_else(|| batch::handler(api)).or_else(|| listing::handler(api))
        }
        DataType::Dictionary => dictionary::handler(api),
        DataType::Set => set::handler(api),
        DataType::List => list::handler(api),
        DataType::SortedSet => sorted_set::handler(api),
        DataType::Leaderboard => leaderboard::handler(api),
        DataType::Topic => topic_listing::handler(api),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_elsewhere(api: Api) -> bool {
        api.routes().iter().any(|route| route.below.starts_with('/'))
    }

    #[test]
    fn a_method_has_a_handler_where_it_has_a_route_and_methods_with_one_route_have_one_handler() {
        // Most of topics have paths of their own.
        for api in Api::ALL.iter().filter(|api| !is_elsewhere(**api)) {
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
