//! What a client can ask of the data plane: `table` has a row for each method.
//!
//! Its name on the wire, in usage records and in metrics, the permission that it needs, its paths
//! and what it counts as found follow from the row, in this process and, through the border, in the
//! API description and the docs. What a method does is in the fronts and the engine.

mod access;
mod length;
mod table;
mod verb;

pub use self::access::{Access, Rights};
pub(crate) use self::length::Length;
pub use self::table::Api;
pub use self::verb::Verb;

/// What a method works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// Single values, and items whatever their type.
    Scalar,
    /// Values by field.
    Dictionary,
    /// Elements that are there once or not at all.
    Set,
    /// Elements in order.
    List,
    /// Values with scores, in the order of the scores.
    SortedSet,
    /// Ids with scores, ranked.
    Leaderboard,
    /// Messages in order.
    Topic,
}

impl DataType {
    /// As docs name it.
    pub fn name(self) -> &'static str {
        match self {
            DataType::Scalar => "scalar",
            DataType::Dictionary => "dictionary",
            DataType::Set => "set",
            DataType::List => "list",
            DataType::SortedSet => "sorted set",
            DataType::Leaderboard => "leaderboard",
            DataType::Topic => "topic",
        }
    }
}

/// A gRPC service with methods of the data plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Items and collections.
    Scs,
    /// Leaderboards.
    Leaderboard,
    /// Topics.
    Pubsub,
}

impl Service {
    const ALL: [Service; 3] = [Service::Scs, Service::Leaderboard, Service::Pubsub];

    const fn prefix(self) -> &'static str {
        match self {
            Service::Scs => "/cache_client.Scs/",
            Service::Leaderboard => "/leaderboard.Leaderboard/",
            Service::Pubsub => "/cache_client.pubsub.Pubsub/",
        }
    }

    /// The full name, with that of its package.
    pub fn name(self) -> &'static str {
        self.prefix().trim_matches('/')
    }

    /// The service whose path this is, and what follows it: the name of a method, ours or not.
    pub(crate) fn of_path(path: &str) -> Option<(Service, &str)> {
        let method = |service: &Service| Some((*service, path.strip_prefix(service.prefix())?));
        Service::ALL.iter().find_map(method)
    }
}

/// What a request counts as hits and misses, and so as bytes sent: the metering rule of a method.
/// The engine's commands do the counting; `test_metering.py` compares the ledger with these rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookups {
    /// Nothing, whatever the reply tells.
    Nothing,
    /// One item, of which it reads the whole, a part or the length.
    Item,
    /// Each key, field, element or id that the request names.
    Named,
    /// What it removes and returns, counted as a read of one item.
    Removed,
    /// Nothing, but the keys that it returns count as bytes sent.
    Listed,
    /// Nothing, but the messages that it delivers count as bytes sent.
    Delivered,
}

impl Lookups {
    /// As docs name it.
    pub fn name(self) -> &'static str {
        match self {
            Lookups::Nothing => "nothing",
            Lookups::Item => "item",
            Lookups::Named => "named",
            Lookups::Removed => "removed",
            Lookups::Listed => "listed",
            Lookups::Delivered => "delivered",
        }
    }
}

/// By how much the operations of a method are multiplied: Momento's factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Half of them, rounded up: elements of leaderboards.
    Half,
    /// As many.
    One,
    /// Twice as many: writes that look at the value first.
    Two,
}

impl Factor {
    /// So many chunks in operations.
    pub(crate) fn of(self, chunks: u64) -> u64 {
        (chunks * self.halves()).div_ceil(2)
    }

    /// How many halves it is.
    pub fn halves(self) -> u64 {
        match self {
            Factor::Half => 1,
            Factor::One => 2,
            Factor::Two => 4,
        }
    }
}

/// Where plain HTTP offers a method. Methods can share a route: they differ in the query or the
/// headers of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method of HTTP.
    pub verb: Verb,
    /// What follows `/cache/{cache}/`; empty for the cache itself, whose items are named by `key` in
    /// the query or by the rest of the path. One that begins with a slash is a whole path.
    pub below: &'static str,
}

impl Route {
    /// The paths with their variables in braces, as an API description writes them.
    pub fn paths(&self) -> Vec<String> {
        const CACHE: &str = "/cache/{cache}";
        match self.below {
            "" => vec![CACHE.to_owned(), format!("{CACHE}/{{key}}")],
            whole if whole.starts_with('/') => vec![whole.to_owned()],
            below => vec![format!("{CACHE}/{below}")],
        }
    }
}

/// A row of the table.
struct Row {
    name: &'static str,
    service: Option<Service>,
    data_type: DataType,
    access: Access,
    lookups: Lookups,
    factor: Factor,
    length: Length,
    routes: &'static [Route],
}

impl Api {
    /// The name on the wire, in usage records, in metrics and in docs.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The gRPC service that has it; `None` if only plain HTTP offers it.
    pub fn service(self) -> Option<Service> {
        self.row().service
    }

    /// What it works on.
    pub fn data_type(self) -> DataType {
        self.row().data_type
    }

    /// What a caller must be allowed to do.
    pub fn access(self) -> Access {
        self.row().access
    }

    /// What it counts as hits and misses.
    pub fn lookups(self) -> Lookups {
        self.row().lookups
    }

    /// By how much its operations are multiplied.
    pub fn factor(self) -> Factor {
        self.row().factor
    }

    /// Where plain HTTP offers it; nowhere if only gRPC does.
    pub fn routes(self) -> &'static [Route] {
        self.row().routes
    }
}
