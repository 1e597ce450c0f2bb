//! The methods that are metered, by their names on the wire.

macro_rules! apis {
    ($($name:ident),* $(,)?) => {
        /// One method of the data plane, whatever protocol it came by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Api {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name
            ),*
        }

        impl Api {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Api] = &[$(Api::$name),*];
            /// How many there are.
            pub const COUNT: usize = Api::ALL.len();

            /// The name on the wire, in usage records and in docs.
            pub fn name(self) -> &'static str {
                match self {
                    $(Api::$name => stringify!($name)),*
                }
            }

            /// The method of that name, if we serve it.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Api::$name),)*
                    _ => None,
                }
            }
        }
    };
}

apis![
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
];
