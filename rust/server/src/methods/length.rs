//! How long a request may take; the table of methods says it of each method.

use super::{Api, Verb};

/// A body of this size or more, in bytes, names so many elements that a request may take long.
const LONG_BODY: usize = 1024;

/// Whether a request may take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Length {
    /// Never.
    Short,
    /// If it names many elements.
    ByBody,
    /// If it reads many elements.
    ByItem,
    /// Always.
    Long,
}

impl Length {
    /// Whether a request with a body of so many bytes may take long.
    pub(crate) fn is_long(self, body: usize) -> bool {
        match self {
            Length::Short => false,
            Length::ByBody => body >= LONG_BODY,
            Length::ByItem | Length::Long => true,
        }
    }

    /// Whether such a request takes long only if what it reads is large, so that it may be tried.
    pub(crate) fn is_tried(self, body: usize) -> bool {
        self == Length::ByItem && body < LONG_BODY
    }
}

impl Api {
    /// Whether it may take long.
    pub(crate) fn length(self) -> Length {
        self.row().length
    }

    /// The same for a route of plain HTTP, where methods share routes.
    pub(crate) fn length_at(verb: Verb, below: &str) -> Length {
        match Api::at(verb, below) {
            // `DictionaryFetch` is there, too.
            Some(Api::DictionaryGet) => Length::ByItem,
            Some(api) => api.length(),
            None => Length::Short,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_may_take_long_if_any_of_its_methods_may() {
        for api in Api::ALL {
            for route in api.routes() {
                // The elements that a query names are few, since a URL is short.
                let has_body = matches!(route.verb, Verb::Post | Verb::Put);
                let own = api.length();
                if has_body || own >= Length::ByItem {
                    assert!(Api::length_at(route.verb, route.below) >= own, "{api:?}");
                }
            }
        }
    }
}
