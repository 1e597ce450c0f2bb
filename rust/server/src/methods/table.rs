//! The table of methods: everything about a method except its code.
//!
//! A row has a method's name, the rights that its caller needs, what it counts as hits and misses,
//! the factor of its operations unless that is one, and its routes below `/cache/{cache}`. The head
//! of a section has the gRPC service, the data type and the kind of resource. The tests of
//! `front/grpc/routes.rs` and `front/rest/routes.rs` fail while a method with a service, or with a
//! route, has no handler.

use super::Service::{Leaderboard, Pubsub, Scs};
use super::{Access, DataType, Factor, Lookups, Rights, Route, Row, Service, Verb};

macro_rules! methods {
    ($($service:tt $data_type:ident of $resource:ident {
        $($name:ident: $rights:ident, $lookups:ident $(x $factor:ident)?,
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
        Get: Read, Item, [Get ""];
        Set: Write, Nothing, [Put ""];
        Delete: Write, Nothing, [Delete ""];
        KeysExist: Read, Named, [Post "exists"];
        Increment: ReadWrite, Nothing, [Post "increment"];
        SetIf: ReadWrite, Nothing x Two, [Put ""];
        SetIfNotExists: ReadWrite, Nothing x Two, [];
        GetWithHash: Read, Item, [];
        SetIfHash: ReadWrite, Nothing x Two, [Put ""];
        GetBatch: Read, Named, [Post "get"];
        SetBatch: Write, Nothing, [Post "put"];
        UpdateTtl: ReadWrite, Nothing, [Put "ttl"];
        ItemGetTtl: Read, Item, [Get "ttl"];
        ItemGetType: Read, Item, [Get "type"];
    }
    (None) Scalar of Item {
        ListKeys: Read, Listed, [Get "keys"];
    }
    (Some(Scs)) Dictionary of Item {
        DictionaryGet: Read, Named, [Get "dictionary"];
        DictionaryFetch: Read, Item, [Get "dictionary"];
        DictionarySet: Write, Nothing, [Post "dictionary"];
        DictionaryIncrement: ReadWrite, Nothing, [Post "dictionary/increment"];
        DictionaryDelete: Write, Nothing, [Delete "dictionary"];
        DictionaryLength: Read, Item, [Get "dictionary/length"];
    }
    (Some(Scs)) Set of Item {
        SetFetch: Read, Item, [Get "set"];
        SetSample: Read, Item, [Get "set/sample"];
        SetUnion: Write, Nothing, [Post "set"];
        SetDifference: ReadWrite, Nothing, [Delete "set"];
        SetContains: Read, Named, [Get "set/contains"];
        SetLength: Read, Item, [Get "set/length"];
        SetPop: ReadWrite, Removed, [Post "set/pop"];
    }
    (Some(Scs)) List of Item {
        ListPushFront: ReadWrite, Nothing, [];
        ListPushBack: ReadWrite, Nothing, [];
        ListPopFront: ReadWrite, Removed, [Post "list/pop-front"];
        ListPopBack: ReadWrite, Removed, [Post "list/pop-back"];
        ListErase: ReadWrite, Nothing, [Delete "list"];
        ListRemove: ReadWrite, Nothing, [Delete "list"];
        ListFetch: Read, Item, [Get "list"];
        ListLength: Read, Item, [Get "list/length"];
        ListConcatenateFront: ReadWrite, Nothing, [Post "list/push-front"];
        ListConcatenateBack: ReadWrite, Nothing, [Post "list/push-back"];
        ListRetain: ReadWrite, Nothing, [Post "list/retain"];
    }
    (None) List of Item {
        ListInsert: ReadWrite, Nothing, [Post "list/insert"];
    }
    (Some(Scs)) SortedSet of Item {
        SortedSetPut: Write, Nothing, [Post "sorted-set"];
        SortedSetFetch: Read, Item, [Get "sorted-set"];
        SortedSetGetScore: Read, Named, [Get "sorted-set/scores"];
        SortedSetRemove: Write, Nothing, [Delete "sorted-set"];
        SortedSetIncrement: ReadWrite, Nothing, [Post "sorted-set/increment"];
        SortedSetGetRank: Read, Named, [Get "sorted-set/rank"];
        SortedSetLength: Read, Item, [Get "sorted-set/length"];
        SortedSetLengthByScore: Read, Item, [Get "sorted-set/length"];
        SortedSetUnionStore: ReadWrite, Nothing, [Post "sorted-set/union"];
    }
    (Some(Leaderboard)) Leaderboard of Item {
        DeleteLeaderboard: Write, Nothing, [Delete "leaderboard"];
        UpsertElements: Write, Nothing x Half, [Post "leaderboard"];
        RemoveElements: Write, Nothing x Half, [Delete "leaderboard"];
        GetLeaderboardLength: Read, Item, [Get "leaderboard/length"];
        GetByRank: Read, Item x Half, [Get "leaderboard"];
        GetRank: Read, Named x Half, [Get "leaderboard/ranks"];
        GetByScore: Read, Item x Half, [Get "leaderboard"];
        GetCompetitionRank: Read, Named x Half, [Get "leaderboard/ranks"];
    }
    (Some(Pubsub)) Topic of Topic {
        Publish: Write, Nothing, [];
        Subscribe: Read, Delivered, [];
    }
}
