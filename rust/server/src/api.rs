//! The methods that are metered, by their names on the wire.

macro_rules! apis {
    ($($service:ident { $($name:ident),* $(,)? })*) => {
        /// One method of the data plane, whatever protocol it came by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Api {
            $($(
                #[doc = concat!("`", stringify!($name), "`")]
                $name,
            )*)*
        }

        impl Api {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Api] = &[$($(Api::$name,)*)*];
            /// How many there are.
            pub const COUNT: usize = Api::ALL.len();

            /// The name on the wire, in usage records and in docs.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Api::$name => stringify!($name),)*)*
                }
            }

            $(
                /// The method of that name in this service, if we serve it.
                pub(crate) fn $service(name: &str) -> Option<Self> {
                    match name {
                        $(stringify!($name) => Some(Api::$name),)*
                        _ => None,
                    }
                }
            )*
        }
    };
}

apis! {
    scs {
        Get,
        Set,
        Delete,
        KeysExist,
        Increment,
        SetIf,
        SetIfNotExists,
        GetWithHash,
        SetIfHash,
        GetBatch,
        SetBatch,
        UpdateTtl,
        ItemGetTtl,
        ItemGetType,
        DictionaryGet,
        DictionaryFetch,
        DictionarySet,
        DictionaryIncrement,
        DictionaryDelete,
        DictionaryLength,
        SetFetch,
        SetSample,
        SetUnion,
        SetDifference,
        SetContains,
        SetLength,
        SetPop,
        ListPushFront,
        ListPushBack,
        ListPopFront,
        ListPopBack,
        ListErase,
        ListRemove,
        ListFetch,
        ListLength,
        ListConcatenateFront,
        ListConcatenateBack,
        ListRetain,
        SortedSetPut,
        SortedSetFetch,
        SortedSetGetScore,
        SortedSetRemove,
        SortedSetIncrement,
        SortedSetGetRank,
        SortedSetLength,
        SortedSetLengthByScore,
        SortedSetUnionStore,
    }
    leaderboard {
        DeleteLeaderboard,
        UpsertElements,
        RemoveElements,
        GetLeaderboardLength,
        GetByRank,
        GetRank,
        GetByScore,
        GetCompetitionRank,
    }
}
