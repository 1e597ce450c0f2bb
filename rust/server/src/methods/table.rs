//! The table of methods: everything about a method except its code.
//!
//! A row has a method's name, the rights that its caller needs, what it counts as hits and misses,
//! the factor of its operations unless that is one, whether it may take long, and its routes below
//! `/cache/{cache}`. The head of a section has the gRPC service, the data type and the kind of
//! resource. The tests of `front/grpc/routes.rs` and `front/rest/routes.rs` fail while a method with a
//! service, or with a route, has no handler.

use super::Service::{Leaderboard, Pubsub, Scs};
use super::{Access, DataType, Factor, Length, Lookups, Rights, Route, Row, Service, Verb};

macro_rules! methods {
    ($($service:tt $data_type:ident of $resource:ident {
        $($name:ident: $rights:ident, $lookups:ident $(x $factor:ident)?, $length:ident,
            [$($verb:ident $below:literal),*];)*
    })*) => {
        /// One method of the data plane, whatever protocol it came by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Api {
            $($(
                #[doc = concat!("`", stringify!($name), "`")]
                $name,
            )*)*
        }

        static ROWS: [Row; Api::COUNT] = [$($(
            Row {
                name: stringify!($name),
                service: $service,
                data_type: DataType::$data_type,
                access: Access::$resource(Rights::$rights),
                lookups: Lookups::$lookups,
                factor: methods!(@factor $($factor)?),
                length: Length::$length,
                routes: &[$(Route { verb: Verb::$verb, below: $below },)*],
            },
        )*)*];

        impl Api {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Api] = &[$($(Api::$name,)*)*];
            /// How many there are.
            pub const COUNT: usize = Api::ALL.len();

            /// The method of this name in a gRPC service, if it is served.
            #[expect(unused_parens, reason = "to the macro, a service is one token")]
            pub(crate) fn called(service: Service, name: &str) -> Option<Self> {
                match (Some(service), name) {
                    $($(($service, stringify!($name)) => Some(Api::$name),)*)*
                    _ => None,
                }
            }

            /// The first method of the table with this route; methods with one route share a handler.
            #[expect(unreachable_patterns, reason = "some methods share a route")]
            pub(crate) fn at(verb: Verb, below: &str) -> Option<Self> {
                match (verb, below) {
                    $($($((Verb::$verb, $below) => Some(Api::$name),)*)*)*
                    _ => None,
                }
            }
        }
    };
    (@factor) => { Factor::One };
    (@factor $factor:ident) => { Factor::$factor };
}

impl Api {
    pub(super) fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

methods! {
    (Some(Scs)) Scalar of Item {
        Get: Read, Item, Short, [Get ""];
        Set: Write, Nothing, Short, [Put ""];
        Delete: Write, Nothing, Short, [Delete ""];
        KeysExist: Read, Named, ByBody, [Post "exists"];
        Increment: ReadWrite, Nothing, Short, [Post "increment"];
        SetIf: ReadWrite, Nothing x Two, Short, [Put ""];
        SetIfNotExists: ReadWrite, Nothing x Two, Short, [];
        GetWithHash: Read, Item, Short, [];
        SetIfHash: ReadWrite, Nothing x Two, Short, [Put ""];
        GetBatch: Read, Named, ByBody, [Post "get"];
        SetBatch: Write, Nothing, ByBody, [Post "put"];
        UpdateTtl: ReadWrite, Nothing, Short, [Put "ttl"];
        ItemGetTtl: Read, Item, Short, [Get "ttl"];
        ItemGetType: Read, Item, Short, [Get "type"];
    }
    (None) Scalar of Item {
        ListKeys: Read, Listed, Long, [Get "keys"];
    }
    (Some(Scs)) Dictionary of Item {
        DictionaryGet: Read, Named, ByBody, [Get "dictionary"];
        DictionaryFetch: Read, Item, ByItem, [Get "dictionary"];
        DictionarySet: Write, Nothing, ByBody, [Post "dictionary"];
        DictionaryIncrement: ReadWrite, Nothing, Short, [Post "dictionary/increment"];
        DictionaryDelete: Write, Nothing, ByBody, [Delete "dictionary"];
        DictionaryLength: Read, Item, Short, [Get "dictionary/length"];
    }
    (Some(Scs)) Set of Item {
        SetFetch: Read, Item, ByItem, [Get "set"];
        SetSample: Read, Item, Long, [Get "set/sample"];
        SetUnion: Write, Nothing, ByBody, [Post "set"];
        SetDifference: ReadWrite, Nothing, ByBody, [Delete "set"];
        SetContains: Read, Named, ByBody, [Get "set/contains"];
        SetLength: Read, Item, Short, [Get "set/length"];
        SetPop: ReadWrite, Removed, Long, [Post "set/pop"];
    }
    (Some(Scs)) List of Item {
        ListPushFront: ReadWrite, Nothing, Short, [];
        ListPushBack: ReadWrite, Nothing, Short, [];
        ListPopFront: ReadWrite, Removed, Short, [Post "list/pop-front"];
        ListPopBack: ReadWrite, Removed, Short, [Post "list/pop-back"];
        ListErase: ReadWrite, Nothing, Long, [Delete "list"];
        ListRemove: ReadWrite, Nothing, Long, [Delete "list"];
        ListFetch: Read, Item, ByItem, [Get "list"];
        ListLength: Read, Item, Short, [Get "list/length"];
        ListConcatenateFront: ReadWrite, Nothing, ByBody, [Post "list/push-front"];
        ListConcatenateBack: ReadWrite, Nothing, ByBody, [Post "list/push-back"];
        ListRetain: ReadWrite, Nothing, Long, [Post "list/retain"];
    }
    (None) List of Item {
        ListInsert: ReadWrite, Nothing, Long, [Post "list/insert"];
    }
    (Some(Scs)) SortedSet of Item {
        SortedSetPut: Write, Nothing, ByBody, [Post "sorted-set"];
        SortedSetFetch: Read, Item, ByItem, [Get "sorted-set"];
        SortedSetGetScore: Read, Named, ByBody, [Get "sorted-set/scores"];
        SortedSetRemove: Write, Nothing, ByBody, [Delete "sorted-set"];
        SortedSetIncrement: ReadWrite, Nothing, Short, [Post "sorted-set/increment"];
        SortedSetGetRank: Read, Named, Short, [Get "sorted-set/rank"];
        SortedSetLength: Read, Item, Short, [Get "sorted-set/length"];
        SortedSetLengthByScore: Read, Item, Short, [Get "sorted-set/length"];
        SortedSetUnionStore: ReadWrite, Nothing, Long, [Post "sorted-set/union"];
    }
    (Some(Leaderboard)) Leaderboard of Item {
        DeleteLeaderboard: Write, Nothing, Short, [Delete "leaderboard"];
        UpsertElements: Write, Nothing x Half, ByBody, [Post "leaderboard"];
        RemoveElements: Write, Nothing x Half, ByBody, [Delete "leaderboard"];
        GetLeaderboardLength: Read, Item, Short, [Get "leaderboard/length"];
        GetByRank: Read, Item x Half, ByItem, [Get "leaderboard"];
        GetRank: Read, Named x Half, ByBody, [Get "leaderboard/ranks"];
        GetByScore: Read, Item x Half, ByItem, [Get "leaderboard"];
        GetCompetitionRank: Read, Named x Half, ByBody, [Get "leaderboard/ranks"];
    }
    (Some(Pubsub)) Topic of Topic {
        Publish: Write, Nothing, Short, [Post "/topics/{cache}/{topic}"];
        Subscribe: Read, Delivered, Short, [Get "/topics/{cache}/{topic}", Get "/topics/{cache}"];
    }
    (None) Topic of Topic {
        ListTopics: Read, Listed, Short, [Get "topics"];
    }
}
