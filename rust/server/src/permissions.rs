//! The permissions of a role or token, compiled from JSON.
//!
//! The JSON is Momento's permission set v2: rules, any of which may grant, and conditions, all of
//! which must hold. Only the rules about caches are used here; the control plane evaluates its own
//! from the same JSON. Everything that no rule grants is denied.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde::Deserialize;

use crate::methods::{Access, Rights};

mod description;

pub(crate) use self::description::shown;

/// A permission set. The default one permits nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Permissions {
    items: Vec<CacheRule>,
    topics: Vec<CacheRule>,
    /// The caller's address must be in one network of each list.
    networks: Vec<Vec<IpNet>>,
    /// Whether the holder may create tokens with a part of these permissions.
    vends: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct CacheRule {
    /// The bits of [`Rights`].
    rights: u8,
    /// `None` for all caches.
    caches: Option<Selector>,
    /// `None` for all items or topics.
    names: Option<Selector>,
}

/// Selects caches by name, items of a cache by key, or its topics by name.
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

    /// Whether it selects everything that `other` selects. If neither covers the other, they have
    /// nothing in common.
    fn covers(&self, other: &Selector) -> bool {
        match (self, other) {
            (Selector::Exact(_), Selector::Prefix(_)) => false,
            (ours, Selector::Exact(name) | Selector::Prefix(name)) => ours.holds(name),
        }
    }
}

impl Permissions {
    /// Compiles the JSON of a permission set; `None` if any part of it is unknown.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(json).ok()?;
        written.try_into().ok()
    }

    /// Everything, from everywhere: the permissions of an owner.
    pub(crate) fn everything() -> Self {
        let all = || CacheRule { rights: Rights::ReadWrite as u8, caches: None, names: None };
        let (items, topics) = (vec![all()], vec![all()]);
        Permissions { items, topics, vends: true, ..Permissions::default() }
    }

    /// Permission to read or write one item.
    pub(crate) fn of_item(cache: &str, key: &[u8], read: bool, write: bool) -> Self {
        let rights = match (read, write) {
            (true, true) => Rights::ReadWrite,
            (true, false) => Rights::Read,
            (false, true) => Rights::Write,
            (false, false) => return Permissions::default(),
        } as u8;
        let exactly = |name: &[u8]| Some(Selector::Exact(name.into()));
        let rule = CacheRule { rights, caches: exactly(cache.as_bytes()), names: exactly(key) };
        Permissions { items: vec![rule], ..Permissions::default() }
    }

    /// Whether a caller at `peer` may use these permissions.
    pub(crate) fn admit(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().all(|allowed| allowed.iter().any(|network| network.contains(&peer)))
    }

    /// The permissions in one cache that the holder may give to tokens.
    pub(crate) fn vended_at(&self, cache: &[u8]) -> Grants {
        if self.vends { self.at(cache) } else { Grants::default() }
    }

    /// The permissions in one cache, ready to be checked for each request.
    pub(crate) fn at(&self, cache: &[u8]) -> Grants {
        let granted = |rules: &[CacheRule], rights: Rights| {
            let bits = rights as u8;
            let is_of_it =
                |rule: &&CacheRule| rule.caches.as_ref().is_none_or(|caches| caches.holds(cache));
            Items::of(rules.iter().filter(is_of_it).filter(|rule| rule.rights & bits == bits))
        };
        Grants {
            read: granted(&self.items, Rights::Read),
            write: granted(&self.items, Rights::Write),
            both: granted(&self.items, Rights::ReadWrite),
            subscribe: granted(&self.topics, Rights::Read),
            publish: granted(&self.topics, Rights::Write),
        }
    }
}

/// What a caller may do with the items and topics of one cache; nothing by default.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    read: Items,
    write: Items,
    /// The items for which one rule grants reading and writing together.
    both: Items,
    /// Topics, by name.
    subscribe: Items,
    publish: Items,
}

impl Grants {
    /// The items or topics for which `access` is granted. No method both publishes and subscribes.
    pub(crate) fn to(&self, access: Access) -> &Items {
        match access {
            Access::Item(Rights::Read) => &self.read,
            Access::Item(Rights::Write) => &self.write,
            Access::Item(Rights::ReadWrite) => &self.both,
            Access::Topic(Rights::Read) => &self.subscribe,
            Access::Topic(Rights::Write | Rights::ReadWrite) => &self.publish,
        }
    }

    /// What both grant.
    pub(crate) fn and(self, other: Grants) -> Grants {
        Grants {
            read: self.read.and(other.read),
            write: self.write.and(other.write),
            both: self.both.and(other.both),
            subscribe: self.subscribe.and(other.subscribe),
            publish: self.publish.and(other.publish),
        }
    }
}

/// A selection of items or topics in a cache.
#[derive(Debug, Default)]
pub(crate) enum Items {
    /// Not one.
    #[default]
    None,
    /// Items that one of these selectors matches.
    Some(Selected),
    /// Each.
    All,
}

/// Selectors of items; only [`Items`] looks inside.
#[derive(Debug)]
pub(crate) struct Selected(Box<[Selector]>);

impl Selected {
    /// Whether one of them covers the prefix.
    fn cover(&self, prefix: &[u8]) -> bool {
        let all = Selector::Prefix(prefix.into());
        self.0.iter().any(|selector| selector.covers(&all))
    }

    /// The selectors that are covered by one of `others`.
    fn within(&self, others: &Selected) -> Vec<Selector> {
        let covered = |one: &&Selector| others.0.iter().any(|other| other.covers(one));
        self.0.iter().filter(covered).cloned().collect()
    }
}

impl Items {
    fn of<'a>(rules: impl Iterator<Item = &'a CacheRule>) -> Self {
        let mut selectors = Vec::new();
        for rule in rules {
            match &rule.names {
                None => return Items::All,
                Some(selector) => selectors.push(selector.clone()),
            }
        }
        Items::selected(selectors)
    }

    fn selected(selectors: Vec<Selector>) -> Self {
        if selectors.is_empty() { Items::None } else { Items::Some(Selected(selectors.into())) }
    }

    /// The items in both.
    fn and(self, other: Items) -> Items {
        match (self, other) {
            (Items::None, _) | (_, Items::None) => Items::None,
            (Items::All, items) | (items, Items::All) => items,
            (Items::Some(one), Items::Some(other)) => {
                let mut both = one.within(&other);
                let more = other.within(&one);
                both.extend(more.into_iter().filter(|each| !one.0.contains(each)));
                Items::selected(both)
            }
        }
    }

    /// Whether it contains every item whose key starts with `prefix`, whatever there is now.
    pub(crate) fn hold_all(&self, prefix: &[u8]) -> bool {
        match self {
            Items::All => true,
            Items::None => false,
            Items::Some(selected) => selected.cover(prefix),
        }
    }

    /// Whether it contains the item at `key`.
    pub(crate) fn hold(&self, key: &[u8]) -> bool {
        match self {
            Items::All => true,
            Items::None => false,
            Items::Some(selected) => selected.0.iter().any(|selector| selector.holds(key)),
        }
    }
}

/// The JSON. An unknown condition makes the whole unreadable, since it may restrict.
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
        caches: Names,
        items: ItemSelector,
    },
    Topic {
        permissions: Vec<Verb>,
        caches: Names,
        topics: Names,
    },
    /// Whoever may create keys may create tokens, which permit less.
    #[serde(alias = "auth_management")]
    TokenManagement {
        permissions: Vec<Verb>,
    },
    /// A rule about something outside the data plane.
    #[serde(other)]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Read,
    Write,
    /// Listing caches, which the control plane checks.
    List,
}

#[derive(Deserialize)]
enum All {
    #[serde(rename = "*")]
    All,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
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
        let networks = networks.collect();
        let vends = written.rules.iter().any(Rule::vends);
        let (mut items, mut topics) = (Vec::new(), Vec::new());
        for rule in written.rules {
            match rule {
                Rule::Cache { permissions, caches, items: names } => {
                    items.push(CacheRule::new(permissions, caches, names.compiled()?));
                }
                Rule::Topic { permissions, caches, topics: names } => {
                    topics.push(CacheRule::new(permissions, caches, names.compiled()));
                }
                Rule::TokenManagement { .. } | Rule::Other => {}
            }
        }
        Ok(Permissions { items, topics, networks, vends })
    }
}

impl Rule {
    fn vends(&self) -> bool {
        matches!(self, Rule::TokenManagement { permissions } if permissions.contains(&Verb::Write))
    }
}

impl CacheRule {
    fn new(permissions: Vec<Verb>, caches: Names, names: Option<Selector>) -> Self {
        let bits = permissions.into_iter().map(|verb| match verb {
            Verb::Read => Rights::Read as u8,
            Verb::Write => Rights::Write as u8,
            Verb::List => 0,
        });
        CacheRule { rights: bits.fold(0, |all, bit| all | bit), caches: caches.compiled(), names }
    }
}

impl Names {
    fn compiled(self) -> Option<Selector> {
        match self {
            Names::All(All::All) => None,
            Names::Some(Naming::Name(name)) => Some(Selector::Exact(name.into_bytes().into())),
            Names::Some(Naming::Prefix(prefix)) => {
                Some(Selector::Prefix(prefix.into_bytes().into()))
            }
        }
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
mod tests;
