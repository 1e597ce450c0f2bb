//! The methods that are metered, by their names on the wire, and what a caller must be allowed to
//! do for each.

/// What a caller must be allowed to do with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To learn what is there.
    Read = 1,
    /// To change it; the answer tells nothing of what was there before.
    Write = 2,
    /// Both at once: the answer to the change tells something of what was there.
    ReadWrite = 3,
}

macro_rules! apis {
    ($($service:ident { $($name:ident: $access:ident),* $(,)? })*) => {
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

            /// What a caller must be allowed to do.
            pub(crate) fn access(self) -> Access {
                match self {
                    $($(Api::$name => Access::$access,)*)*
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
        Get: Read,
        Set: Write,
        Delete: Write,
        KeysExist: Read,
        Increment: ReadWrite,
        SetIf: ReadWrite,
        SetIfNotExists: ReadWrite,
        GetWithHash: Read,
        SetIfHash: ReadWrite,
        GetBatch: Read,
        SetBatch: Write,
        UpdateTtl: ReadWrite,
        ItemGetTtl: Read,
        ItemGetType: Read,
        DictionaryGet: Read,
        DictionaryFetch: Read,
        DictionarySet: Write,
        DictionaryIncrement: ReadWrite,
        DictionaryDelete: Write,
        DictionaryLength: Read,
        SetFetch: Read,
        SetSample: Read,
        SetUnion: Write,
        SetDifference: ReadWrite,
        SetContains: Read,
        SetLength: Read,
        SetPop: ReadWrite,
        ListPushFront: ReadWrite,
        ListPushBack: ReadWrite,
        ListPopFront: ReadWrite,
        ListPopBack: ReadWrite,
        ListErase: ReadWrite,
        ListRemove: ReadWrite,
        ListFetch: Read,
        ListLength: Read,
        ListConcatenateFront: ReadWrite,
        ListConcatenateBack: ReadWrite,
        ListRetain: ReadWrite,
        SortedSetPut: Write,
        SortedSetFetch: Read,
        SortedSetGetScore: Read,
        SortedSetRemove: Write,
        SortedSetIncrement: ReadWrite,
        SortedSetGetRank: Read,
        SortedSetLength: Read,
        SortedSetLengthByScore: Read,
        SortedSetUnionStore: ReadWrite,
    }
    leaderboard {
        DeleteLeaderboard: Write,
        UpsertElements: Write,
        RemoveElements: Write,
        GetLeaderboardLength: Read,
        GetByRank: Read,
        GetRank: Read,
        GetByScore: Read,
        GetCompetitionRank: Read,
    }
}
