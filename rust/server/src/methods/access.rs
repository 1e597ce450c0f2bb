//! What a caller must be allowed to do.

/// What a method does, and with what kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// With items: what is stored under the keys of a cache.
    Item(Rights),
    /// With topics, by name: reading is to subscribe, writing to publish.
    Topic(Rights),
}

/// What is done with a resource. The numbers are sets of bits: one for reading, one for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// To learn what is there.
    Read = 1,
    /// To change it; the answer tells nothing of what was there before.
    Write = 2,
    /// Both at once, by one rule: the answer to the change tells something of what was there.
    ReadWrite = 3,
}

impl Access {
    /// The kind of resource, as docs name it.
    pub fn resource(self) -> &'static str {
        match self {
            Access::Item(_) => "item",
            Access::Topic(_) => "topic",
        }
    }

    /// What is done with it.
    pub fn rights(self) -> Rights {
        let (Access::Item(rights) | Access::Topic(rights)) = self;
        rights
    }

    /// Only to read the same kind of resource.
    pub(crate) fn to_read(self) -> Access {
        match self {
            Access::Item(_) => Access::Item(Rights::Read),
            Access::Topic(_) => Access::Topic(Rights::Read),
        }
    }
}

impl Rights {
    /// As a permission set names them.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Rights::Read => &["read"],
            Rights::Write => &["write"],
            Rights::ReadWrite => &["read", "write"],
        }
    }
}
