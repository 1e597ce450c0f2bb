//! What answers at which path below `/cache/{cache}`, by method.

use super::request::Handler;
use super::verb::Verb::{self, Delete, Get, Post, Put};
use super::{batch, dictionary, leaderboard, list, scalar, set, sorted_set};

/// What can be done to a key that the path names.
pub(super) const OF_KEYS: &[Verb] = &[Get, Put, Delete];

/// What answers at one path.
pub(super) type Answers = &'static [(Verb, Handler)];

/// What answers at `path` below a cache, or at the cache itself.
pub(super) fn at(path: Option<&str>) -> Option<Answers> {
    let Some(path) = path else {
        return Some(&[(Get, scalar::get), (Put, scalar::put), (Delete, scalar::delete)]);
    };
    Some(match path {
        "get" => &[(Post, batch::get)],
        "put" => &[(Post, batch::put)],
        "exists" => &[(Post, batch::exists)],
        "increment" => &[(Post, scalar::increment)],
        "ttl" => &[(Get, scalar::ttl), (Put, scalar::update_ttl)],
        "type" => &[(Get, scalar::item_type)],

        "dictionary" => {
            &[(Get, dictionary::get), (Post, dictionary::set), (Delete, dictionary::delete)]
        }
        "dictionary/length" => &[(Get, dictionary::length)],
        "dictionary/increment" => &[(Post, dictionary::increment)],

        "list" => &[(Get, list::fetch), (Delete, list::delete)],
        "list/length" => &[(Get, list::length)],
        "list/push-back" => &[(Post, list::push_back)],
        "list/push-front" => &[(Post, list::push_front)],
        "list/pop-back" => &[(Post, list::pop_back)],
        "list/pop-front" => &[(Post, list::pop_front)],
        "list/retain" => &[(Post, list::retain)],

        "set" => &[(Get, set::fetch), (Post, set::add), (Delete, set::delete)],
        "set/length" => &[(Get, set::length)],
        "set/contains" => &[(Get, set::contains)],
        "set/sample" => &[(Get, set::sample)],
        "set/pop" => &[(Post, set::pop)],

        "sorted-set" => {
            &[(Get, sorted_set::fetch), (Post, sorted_set::put), (Delete, sorted_set::delete)]
        }
        "sorted-set/scores" => &[(Get, sorted_set::scores)],
        "sorted-set/rank" => &[(Get, sorted_set::rank)],
        "sorted-set/length" => &[(Get, sorted_set::length)],
        "sorted-set/increment" => &[(Post, sorted_set::increment)],
        "sorted-set/union" => &[(Post, sorted_set::union)],

        "leaderboard" => {
            &[(Get, leaderboard::fetch), (Post, leaderboard::upsert), (Delete, leaderboard::delete)]
        }
        "leaderboard/length" => &[(Get, leaderboard::length)],
        "leaderboard/ranks" => &[(Get, leaderboard::ranks)],
        _ => return None,
    })
}
