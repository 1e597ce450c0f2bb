//! What permission sets grant, and the intersection of two of them.

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
    for permissions in [Permissions::default(), set(json!([])), set(json!([{"type": "store"}]))] {
        for access in [
            Access::Item(Rights::Read),
            Access::Item(Rights::Write),
            Access::Item(Rights::ReadWrite),
        ] {
            assert!(!may(&permissions, access, "a", b"k"));
        }
    }
}

#[test]
fn a_selector_holds_its_cache_and_its_prefix_with_the_exact_key() {
    let permissions = set(prefix(&["read"]));

    assert!(may(&permissions, Access::Item(Rights::Read), "a", b"public/"));
    assert!(may(&permissions, Access::Item(Rights::Read), "a", b"public/1"));
    assert!(!may(&permissions, Access::Item(Rights::Read), "a", b"public"));
    assert!(!may(&permissions, Access::Item(Rights::Read), "b", b"public/1"));
    assert!(!may(&permissions, Access::Item(Rights::Write), "a", b"public/1"));
}

#[test]
fn a_prefix_is_granted_whole_by_all_items_or_a_prefix_of_it_and_not_by_keys() {
    let holds = |items: Value, prefix: &[u8]| {
        let rules =
            json!([{"type": "cache", "permissions": ["read"], "caches": "*", "items": items}]);
        set(rules).at(b"a").to(Access::Item(Rights::Read)).hold_all(prefix)
    };
    for (items, prefix, granted) in [
        (json!("*"), &b""[..], true),
        (json!("*"), b"user:", true),
        (json!({"key_prefix": ""}), b"", true),
        (json!({"key_prefix": "user:"}), b"user:", true),
        (json!({"key_prefix": "user:"}), b"user:1", true),
        (json!({"key_prefix": "user:"}), b"user", false),
        (json!({"key_prefix": "user:"}), b"", false),
        (json!({"key_prefix": "user:"}), b"cart:", false),
        (json!({"key_prefix_base64": "/w=="}), b"\xff\x00", true),
        (json!({"key": "user:"}), b"user:", false),
        (json!({"key": ""}), b"", false),
    ] {
        assert_eq!(holds(items.clone(), prefix), granted, "{items} {prefix:?}");
    }
    let nothing = Permissions::default();
    assert!(!nothing.at(b"a").to(Access::Item(Rights::Read)).hold_all(b""));
}

#[test]
fn reading_and_writing_at_once_needs_one_rule_that_grants_both() {
    let apart = set(json!([
        {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"},
        {"type": "cache", "permissions": ["write"], "caches": {"name": "a"}, "items": "*"},
    ]));
    let together = set(prefix(&["read", "write"]));

    assert!(
        may(&apart, Access::Item(Rights::Read), "a", b"k")
            && may(&apart, Access::Item(Rights::Write), "a", b"k")
    );
    assert!(!may(&apart, Access::Item(Rights::ReadWrite), "a", b"k"));
    assert!(may(&together, Access::Item(Rights::ReadWrite), "a", b"public/1"));
}

#[test]
fn binary_keys_are_written_in_base64() {
    let rules = json!([
        {"type": "cache", "permissions": ["read"], "caches": "*", "items": {"key_base64": "/w=="}},
        {"type": "cache", "permissions": ["read"], "caches": "*",
         "items": {"key_prefix_base64": "AP8="}},
    ]);
    let permissions = set(rules);

    assert!(may(&permissions, Access::Item(Rights::Read), "a", b"\xff"));
    assert!(may(&permissions, Access::Item(Rights::Read), "a", b"\x00\xff1"));
    assert!(!may(&permissions, Access::Item(Rights::Read), "a", b"\xff1"));
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
fn decisions_match_those_of_the_control_plane() {
    let table = include_str!("../../../../tests/property/permissions.json");
    let table: Vec<Question> = serde_json::from_str(table).unwrap();

    for Question { rules, cache, key, may: verbs } in table {
        let permissions = set(rules.clone());
        for verb in [Verb::Read, Verb::Write] {
            let access = if verb == Verb::Read {
                Access::Item(Rights::Read)
            } else {
                Access::Item(Rights::Write)
            };
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
fn unknown_rules_grant_nothing() {
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

/// The permissions in cache `a` of a token with `own`, issued by a caller with `issuer`.
fn left(own: &Value, issuer: &Value) -> Grants {
    set(own.clone()).at(b"a").and(set(issuer.clone()).vended_at(b"a"))
}

/// A vendor's role with one rule about items of the cache `a`.
fn vendor(verbs: &[&str], items: Value) -> Value {
    json!([{"type": "token_management", "permissions": ["write"]}, about(verbs, items)])
}

fn about(verbs: &[&str], items: Value) -> Value {
    json!({"type": "cache", "permissions": verbs, "caches": {"name": "a"}, "items": items})
}

#[test]
fn the_intersection_of_items_is_what_both_contain() {
    let both = |own: Value, issuer: Value| {
        let left = left(&json!([about(&["read"], own)]), &vendor(&["read"], issuer));
        ["u", "user/", "user/7/", "user/7/x", "user/8/x", "key"]
            .into_iter()
            .filter(|key| left.to(Access::Item(Rights::Read)).hold(key.as_bytes()))
            .collect::<Vec<_>>()
    };
    let (all, prefix, longer) =
        (json!("*"), json!({"key_prefix": "user/"}), json!({"key_prefix": "user/7/"}));
    let (key, inside) = (json!({"key": "key"}), json!({"key": "user/8/x"}));

    for (one, other, expected) in [
        (&all, &longer, &["user/7/", "user/7/x"][..]),
        (&prefix, &longer, &["user/7/", "user/7/x"]),
        (&prefix, &prefix, &["user/", "user/7/", "user/7/x", "user/8/x"]),
        (&prefix, &inside, &["user/8/x"]),
        (&longer, &inside, &[]),
        (&key, &key, &["key"]),
        (&key, &inside, &[]),
        (&key, &prefix, &[]),
    ] {
        assert_eq!(both(one.clone(), other.clone()), expected, "{one} and {other}");
        assert_eq!(both(other.clone(), one.clone()), expected, "{other} and {one}");
    }
}

#[test]
fn an_intersection_has_no_more_selectors_than_both_sets() {
    let rules = |verbs: &[&str], from: usize| -> Vec<Value> {
        (from..from + 19).map(|at| about(verbs, json!({"key_prefix": format!("{at}/")}))).collect()
    };
    let mut issuer = rules(&["read"], 5);
    issuer.push(json!({"type": "token_management", "permissions": ["write"]}));

    let left = left(&json!(rules(&["read"], 0)), &json!(issuer));
    let Items::Some(selected) = left.to(Access::Item(Rights::Read)) else { panic!("{left:?}") };

    assert_eq!(selected.0.len(), 14);
    assert!(
        left.to(Access::Item(Rights::Read)).hold(b"18/x")
            && !left.to(Access::Item(Rights::Read)).hold(b"4/x")
    );
    assert!(matches!(left.to(Access::Item(Rights::Write)), Items::None));
}

#[test]
fn combined_grants_intersect_only_with_combined_grants() {
    let own = json!([about(&["read", "write"], json!("*"))]);
    let mut apart = vendor(&["read"], json!("*"));
    apart.as_array_mut().unwrap().push(about(&["write"], json!("*")));

    let left = left(&own, &apart);

    assert!(matches!(left.to(Access::Item(Rights::Read)), Items::All));
    assert!(matches!(left.to(Access::Item(Rights::Write)), Items::All));
    assert!(matches!(left.to(Access::Item(Rights::ReadWrite)), Items::None));
}

#[test]
fn an_issuer_who_must_not_create_tokens_gives_no_permissions() {
    let own = json!([about(&["read"], json!("*"))]);
    let lends = |rule: Value| {
        let issuer = json!([about(&["read"], json!("*")), rule]);
        left(&own, &issuer).to(Access::Item(Rights::Read)).hold(b"k")
    };
    let keys = |verb: &str| json!({"type": "auth_management", "permissions": [verb], "items": "*"});

    assert!(lends(json!({"type": "token_management", "permissions": ["write"]})));
    assert!(lends(keys("write")));
    assert!(!lends(keys("read")) && !lends(keys("list")));
    assert!(!lends(json!({"type": "account_management", "permissions": ["write"]})));
    assert!(matches!(
        Permissions::everything().vended_at(b"a").to(Access::Item(Rights::Read)),
        Items::All
    ));
    assert!(matches!(
        Permissions::default().vended_at(b"a").to(Access::Item(Rights::Read)),
        Items::None
    ));
}
