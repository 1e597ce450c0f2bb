//! Grants in words, for those who are refused.

use super::{Grants, Items, Selected, Selector};
use crate::methods::Access;

/// How many selectors are named; a role may have hundreds.
const NAMED: usize = 4;
/// How many bytes of a key are shown.
const SHOWN: usize = 64;

impl Grants {
    /// What they allow with the kind of resource that `access` is about, such as `read on all keys,
    /// write on 'pr-*'`.
    pub(crate) fn description(&self, access: Access) -> String {
        let (read, write, all) = match access {
            Access::Item(_) => (&self.read, &self.write, "all keys"),
            Access::Topic(_) => (&self.subscribe, &self.publish, "all topics"),
        };
        let granted: Vec<_> = [("read", read), ("write", write)]
            .into_iter()
            .filter_map(|(verb, items)| Some(format!("{verb} on {}", items.description(all)?)))
            .collect();
        if granted.is_empty() { "no permission".to_owned() } else { granted.join(", ") }
    }
}

impl Items {
    fn description(&self, all: &str) -> Option<String> {
        match self {
            Items::None => None,
            Items::All => Some(all.to_owned()),
            Items::Some(selected) => Some(selected.description()),
        }
    }
}

impl Selected {
    fn description(&self) -> String {
        let named: Vec<_> = self.0.iter().take(NAMED).map(Selector::description).collect();
        let more = self.0.len() - named.len();
        let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
        named.join(", ") + &rest
    }
}

impl Selector {
    fn description(&self) -> String {
        match self {
            Selector::Exact(key) => shown(key, ""),
            Selector::Prefix(prefix) => shown(prefix, "*"),
        }
    }
}

/// A key in quotation marks, escaped and at most so long that it can be read.
pub(crate) fn shown(key: &[u8], end: &str) -> String {
    let text = String::from_utf8_lossy(&key[..key.len().min(SHOWN)]);
    let rest = if key.len() > SHOWN { "…" } else { "" };
    format!("'{}{rest}{end}'", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::methods::Rights;
    use crate::permissions::Permissions;

    fn description(rules: serde_json::Value) -> String {
        let permissions = Permissions::read(&json!({ "rules": rules }).to_string()).unwrap();
        permissions.at(b"prod").description(Access::Item(Rights::Read))
    }

    fn rule(verbs: &[&str], items: serde_json::Value) -> serde_json::Value {
        json!({ "type": "cache", "permissions": verbs, "caches": "*", "items": items })
    }

    #[test]
    fn each_right_is_named_with_the_keys_that_it_is_for() {
        let rules = json!([
            rule(&["read"], json!("*")),
            rule(&["write"], json!({ "key_prefix": "pr-" })),
            rule(&["write"], json!({ "key": "one" })),
        ]);
        assert_eq!(description(rules), "read on all keys, write on 'pr-*', 'one'");
        assert_eq!(description(json!([])), "no permission");
    }

    #[test]
    fn many_and_long_keys_are_shortened_and_control_characters_escaped() {
        let keys = (0..9).map(|n| rule(&["read"], json!({ "key": format!("{n}") })));
        let keys: Vec<_> = keys.collect();
        assert_eq!(description(json!(keys)), "read on '0', '1', '2', '3' and 5 more");
        assert_eq!(shown(b"a\n\x1b[1m", ""), r"'a\n\u{1b}[1m'");
        assert_eq!(shown(&[b'x'; 65], ""), format!("'{}…'", "x".repeat(64)));
    }
}
