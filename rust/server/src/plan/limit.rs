//! The limits that refuse requests, and what their refusals say.

use std::fmt;

/// What is limited for each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Operations,
    BytesIn,
    BytesOut,
    /// Bytes in both directions.
    Transfer,
}

impl Measure {
    pub(super) const ALL: [Measure; 4] =
        [Measure::Operations, Measure::BytesIn, Measure::BytesOut, Measure::Transfer];
    pub(super) const COUNT: usize = Measure::ALL.len();
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Account,
    Cache,
    Key,
}

impl Scope {
    pub(super) const ALL: [Scope; 3] = [Scope::Account, Scope::Cache, Scope::Key];
    pub(super) const COUNT: usize = Scope::ALL.len();
}

macro_rules! limits {
    ($($limit:ident $name:literal $text:literal;)*) => {
        /// A limit that refuses requests.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Limit { $(#[doc = $text] $limit,)* }

        impl Limit {
            /// All of them, in the order of their numbers.
            pub(crate) const ALL: &[Limit] = &[$(Limit::$limit),*];
            /// How many there are.
            pub(crate) const COUNT: usize = Limit::ALL.len();

            /// The name of its number in a plan.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Limit::$limit => $name,)* }
            }

            /// What is said of it, around its number.
            fn text(self) -> &'static str {
                match self { $(Limit::$limit => $text,)* }
            }
        }
    };
}

// The texts begin with the words by which the official clients tell limits apart.
limits! {
    Operations "operations_per_second"
        "the account's limit of operations is # per second";
    CacheOperations "cache_operations_per_second"
        "this cache's limit of operations is # per second";
    KeyOperations "key_operations_per_second"
        "this API key's limit of operations is # per second";
    BytesIn "bytes_in_per_second"
        "the account's limit of throughput is # bytes received per second";
    CacheBytesIn "cache_bytes_in_per_second"
        "this cache's limit of throughput is # bytes received per second";
    KeyBytesIn "key_bytes_in_per_second"
        "this API key's limit of throughput is # bytes received per second";
    BytesOut "bytes_out_per_second"
        "the account's limit of throughput is # bytes sent per second";
    CacheBytesOut "cache_bytes_out_per_second"
        "this cache's limit of throughput is # bytes sent per second";
    KeyBytesOut "key_bytes_out_per_second"
        "this API key's limit of throughput is # bytes sent per second";
    Publishes "publishes_per_second"
        "the account's limit of operations on topics is # messages published per second";
    Subscriptions "subscriptions"
        "the account's limit of subscribers is # concurrent subscriptions";
    Throttled "throttle_bytes_per_second"
        "this month's allowance is used up: until it ends, throughput is limited to # bytes per second";
    Blocked "transfer_bytes_per_month"
        "no throughput is left this month: the free transfer of # bytes is used up";
    OverBudget "over_budget"
        "no throughput is left this month: # % of the account's own budget is spent";
}

impl Limit {
    /// The limit of a measure, if there is one for this scope.
    pub(super) fn of(scope: Scope, measure: Measure) -> Option<Self> {
        use {Limit as L, Measure as M, Scope as S};
        Some(match (measure, scope) {
            (M::Operations, S::Account) => L::Operations,
            (M::Operations, S::Cache) => L::CacheOperations,
            (M::Operations, S::Key) => L::KeyOperations,
            (M::BytesIn, S::Account) => L::BytesIn,
            (M::BytesIn, S::Cache) => L::CacheBytesIn,
            (M::BytesIn, S::Key) => L::KeyBytesIn,
            (M::BytesOut, S::Account) => L::BytesOut,
            (M::BytesOut, S::Cache) => L::CacheBytesOut,
            (M::BytesOut, S::Key) => L::KeyBytesOut,
            (M::Transfer, S::Account) => L::Throttled,
            (M::Transfer, S::Cache | S::Key) => return None,
        })
    }

    /// Whether operations are limited, and not bytes.
    pub(crate) fn is_of_operations(self) -> bool {
        use Limit as L;
        matches!(self, L::Operations | L::CacheOperations | L::KeyOperations | L::Publishes)
    }
}

/// A limit that a request has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) limit: Limit,
    /// Its number.
    pub(crate) value: u64,
    /// After how many seconds the next request may be admitted.
    pub(crate) retry_after: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.limit.text().split_once('#').unwrap_or_default();
        let Exceeded { limit, value, .. } = self;
        write!(f, "{before}{value}{after} ({}: {value})", limit.name())
    }
}
