//! What a role or a token permits, compiled from its JSON.
//!
//! The JSON is Momento's permission set v2: rules, any of which may grant, and
//! conditions, all of which must hold. Here only the rules about caches count;
//! what the control plane asks of a caller it reads from the same JSON itself.
//! Nothing is granted that no rule grants.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde::Deserialize;

use crate::api::Access;

/// A permission set. The default one permits nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Permissions {
    rules: Vec<CacheRule>,
    /// Of each of these, one network must hold the caller's address.
    networks: Vec<Vec<IpNet>>,
}

#[derive(Debug, PartialEq, Eq)]
struct CacheRule {
    /// The bits of [`Access`].
    access: u8,
    /// `None` is every cache.
    caches: Option<Selector>,
    /// `None` is every item.
    items: Option<Selector>,
}

/// Some caches, by their names, or some items of a cache, by their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Selector {
    Exact(Box<[u8]>),
    Prefix(Box<[u8]>),
}

impl Selector {
    fn holds(&self, name: &[u8]) -> bool {
        match self {
            Selector::Exact(only) => **only == *name,
            Selector::Prefix(prefix) => name.starts_with(prefix),
        }
    }
}

impl Permissions {
    /// Reads the JSON of a permission set; `None` if any part of it is not understood.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(json).ok()?;
        written.try_into().ok()
    }

    /// Everything, from everywhere: what an owner has.
    pub(crate) fn everything() -> Self {
        let all = CacheRule { access: Access::ReadWrite as u8, caches: None, items: None };
        Permissions { rules: vec![all], networks: Vec::new() }
    }

    /// To read and to write one item, or only one of both, or neither.
    pub(crate) fn of_item(cache: &str, key: &[u8], read: bool, write: bool) -> Self {
        let access = match (read, write) {
            (true, true) => Access::ReadWrite,
            (true, false) => Access::Read,
            (false, true) => Access::Write,
            (false, false) => return Permissions::default(),
        } as u8;
        let exactly = |name: &[u8]| Some(Selector::Exact(name.into()));
        let rule = CacheRule { access, caches: exactly(cache.as_bytes()), items: exactly(key) };
        Permissions { rules: vec![rule], networks: Vec::new() }
    }

    /// Whether a caller at `peer` may use these permissions at all.
    pub(crate) fn admit(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().all(|allowed| allowed.iter().any(|network| network.contains(&peer)))
    }

    /// What is left of them at one cache, ready to be asked for each request.
    pub(crate) fn at(&self, cache: &[u8]) -> Grants {
        let about: Vec<_> = self
            .rules
            .iter()
            .filter(|rule| rule.caches.as_ref().is_none_or(|caches| caches.holds(cache)))
            .collect();
        let items = |access: Access| {
            let bits = access as u8;
            Items::of(about.iter().filter(|rule| rule.access & bits == bits).copied())
        };
        Grants {
            read: items(Access::Read),
            write: items(Access::Write),
            both: items(Access::ReadWrite),
        }
    }
}

/// What a caller may do with the items of one cache.
#[derive(Debug)]
pub(crate) struct Grants {
    read: Items,
    write: Items,
    /// Where reading and writing are granted by one and the same rule.
    both: Items,
}

impl Grants {
    /// The items with which `access` is allowed.
    pub(crate) fn to(&self, access: Access) -> &Items {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
            Access::ReadWrite => &self.both,
        }
    }
}

/// Which items of a cache are meant.
#[derive(Debug)]
pub(crate) enum Items {
    /// Not one.
    None,
    /// Those that one of these selects.
    Some(Selected),
    /// Each.
    All,
}

/// A choice of items; only [`Items::hold`] looks inside.
#[derive(Debug)]
pub(crate) struct Selected(Box<[Selector]>);

impl Items {
    fn of<'a>(rules: impl Iterator<Item = &'a CacheRule>) -> Self {
        let mut selectors = Vec::new();
        for rule in rules {
            match &rule.items {
                None => return Items::All,
                Some(selector) => selectors.push(selector.clone()),
            }
        }
        if selectors.is_empty() { Items::None } else { Items::Some(Selected(selectors.into())) }
    }

    /// Whether the item at `key` is among them.
    pub(crate) fn hold(&self, key: &[u8]) -> bool {
        match self {
            Items::All => true,
            Items::None => false,
            Items::Some(selected) => selected.0.iter().any(|selector| selector.holds(key)),
        }
    }
}

/// The JSON. A condition that we do not know makes the whole unreadable, for it may forbid.
#[derive(Deserialize)]
struct Written {
    rules: Vec<Rule>,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Rule {
    Cache {
        permissions: Vec<Verb>,
        caches: Caches,
        items: ItemSelector,
    },
    /// About something that the data plane does not answer for.
    #[serde(other)]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Read,
    Write,
    /// Which caches there are: for the control plane to answer.
    List,
}

#[derive(Deserialize)]
enum All {
    #[serde(rename = "*")]
    All,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Caches {
    All(All),
    Some(Naming),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Naming {
    Name(String),
    Prefix(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ItemSelector {
    All(All),
    Some(Selection),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Selection {
    Key(String),
    KeyPrefix(String),
    KeyBase64(String),
    KeyPrefixBase64(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Condition {
    IpFilter { allowed_cidr_ranges: Vec<IpNet> },
}

impl TryFrom<Written> for Permissions {
    type Error = base64::DecodeError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let networks = written.conditions.into_iter();
        let networks =
            networks.map(|Condition::IpFilter { allowed_cidr_ranges }| allowed_cidr_ranges);
        let rules = written.rules.into_iter().filter_map(Rule::compiled);
        Ok(Permissions { rules: rules.collect::<Result<_, _>>()?, networks: networks.collect() })
    }
}

impl Rule {
    fn compiled(self) -> Option<Result<CacheRule, base64::DecodeError>> {
        let Rule::Cache { permissions, caches, items } = self else { return None };
        let bits = permissions.into_iter().map(|verb| match verb {
            Verb::Read => Access::Read as u8,
            Verb::Write => Access::Write as u8,
            Verb::List => 0,
        });
        let caches = match caches {
            Caches::All(All::All) => None,
            Caches::Some(Naming::Name(name)) => Some(Selector::Exact(name.into_bytes().into())),
            Caches::Some(Naming::Prefix(prefix)) => {
                Some(Selector::Prefix(prefix.into_bytes().into()))
            }
        };
        let access = bits.fold(0, |all, bit| all | bit);
        Some(items.compiled().map(|items| CacheRule { access, caches, items }))
    }
}

impl ItemSelector {
    fn compiled(self) -> Result<Option<Selector>, base64::DecodeError> {
        let ItemSelector::Some(selection) = self else { return Ok(None) };
        Ok(Some(match selection {
            Selection::Key(key) => Selector::Exact(key.into_bytes().into()),
            Selection::KeyPrefix(prefix) => Selector::Prefix(prefix.into_bytes().into()),
            Selection::KeyBase64(key) => Selector::Exact(STANDARD.decode(key)?.into()),
            Selection::KeyPrefixBase64(prefix) => Selector::Prefix(STANDARD.decode(prefix)?.into()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(rules: Value) -> Permissions {
        Permissions::read(&json!({ "rules": rules }).to_string()).unwrap()
    }

    fn may(permissions: &Permissions, access: Access, cache: &str, key: &[u8]) -> bool {
        permissions.at(cache.as_bytes()).to(access).hold(key)
    }

    fn prefix(verbs: &[&str]) -> Value {
        json!([{"type": "cache", "permissions": verbs, "caches": {"name": "a"},
                "items": {"key_prefix": "public/"}}])
    }

    #[test]
    fn nothing_is_granted_that_no_rule_grants() {
        for permissions in [Permissions::default(), set(json!([])), set(json!([{"type": "topic"}]))]
        {
            for access in [Access::Read, Access::Write, Access::ReadWrite] {
                assert!(!may(&permissions, access, "a", b"k"));
            }
        }
    }

    #[test]
    fn a_selector_holds_its_cache_and_its_prefix_with_the_exact_key() {
        let permissions = set(prefix(&["read"]));

        assert!(may(&permissions, Access::Read, "a", b"public/"));
        assert!(may(&permissions, Access::Read, "a", b"public/1"));
        assert!(!may(&permissions, Access::Read, "a", b"public"));
        assert!(!may(&permissions, Access::Read, "b", b"public/1"));
        assert!(!may(&permissions, Access::Write, "a", b"public/1"));
    }

    #[test]
    fn reading_and_writing_at_once_needs_one_rule_that_grants_both() {
        let apart = set(json!([
            {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"},
            {"type": "cache", "permissions": ["write"], "caches": {"name": "a"}, "items": "*"},
        ]));
        let together = set(prefix(&["read", "write"]));

        assert!(may(&apart, Access::Read, "a", b"k") && may(&apart, Access::Write, "a", b"k"));
        assert!(!may(&apart, Access::ReadWrite, "a", b"k"));
        assert!(may(&together, Access::ReadWrite, "a", b"public/1"));
    }

    #[test]
    fn keys_that_are_no_text_are_written_in_base64() {
        let rules = json!([
            {"type": "cache", "permissions": ["read"], "caches": "*", "items": {"key_base64": "/w=="}},
            {"type": "cache", "permissions": ["read"], "caches": "*",
             "items": {"key_prefix_base64": "AP8="}},
        ]);
        let permissions = set(rules);

        assert!(may(&permissions, Access::Read, "a", b"\xff"));
        assert!(may(&permissions, Access::Read, "a", b"\x00\xff1"));
        assert!(!may(&permissions, Access::Read, "a", b"\xff1"));
    }

    #[test]
    fn every_condition_must_hold_for_the_callers_address() {
        let filter = |ranges: &[&str]| json!({"ip_filter": {"allowed_cidr_ranges": ranges}});
        let both = json!({"rules": [], "conditions": [
            filter(&["10.0.0.0/8", "2001:db8::/32"]), filter(&["10.1.0.0/16", "2001:db8::/32"])]});
        let permissions = Permissions::read(&both.to_string()).unwrap();
        let admits = |peer: &str| permissions.admit(peer.parse().unwrap());

        assert!(admits("10.1.2.3") && admits("::ffff:10.1.2.3") && admits("2001:db8::1"));
        assert!(!admits("10.2.2.3") && !admits("127.0.0.1") && !admits("::1"));
        assert!(Permissions::everything().admit("::1".parse().unwrap()));
    }

    #[derive(Deserialize)]
    struct Question {
        rules: Value,
        cache: String,
        key: String,
        may: Vec<Verb>,
    }

    #[test]
    fn it_decides_as_the_control_plane_does() {
        let table = include_str!("../../../tests/property/permissions.json");
        let table: Vec<Question> = serde_json::from_str(table).unwrap();

        for Question { rules, cache, key, may: verbs } in table {
            let permissions = set(rules.clone());
            for verb in [Verb::Read, Verb::Write] {
                let access = if verb == Verb::Read { Access::Read } else { Access::Write };
                let expected = verbs.contains(&verb);
                assert_eq!(
                    may(&permissions, access, &cache, key.as_bytes()),
                    expected,
                    "{rules} at {cache}/{key}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_understood_grants_nothing() {
        for json in [
            "",
            "{}",
            r#"{"rules": [{"type": "cache", "permissions": ["read"], "caches": "*"}]}"#,
            r#"{"rules": [{"type": "cache", "permissions": ["own"], "caches": "*", "items": "*"}]}"#,
            r#"{"rules": [{"type": "cache", "permissions": ["read"], "caches": "x", "items": "*"}]}"#,
            r#"{"rules": [{"type": "cache", "permissions": ["read"],
                "caches": {"name": "a", "prefix": "a"}, "items": "*"}]}"#,
            r#"{"rules": [], "conditions": [{"weekday": "monday"}]}"#,
            r#"{"rules": [], "conditions": [{"ip_filter": {"allowed_cidr_ranges": ["10/8"]}}]}"#,
        ] {
            assert_eq!(Permissions::read(json), None, "{json}");
        }
    }
}
