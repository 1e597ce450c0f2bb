use super::*;

fn target(uri: &str) -> Target {
    Target::of_path(uri.as_bytes()).unwrap()
}

fn with<T>(uri: &str, ask: impl FnOnce(&Query<'_>) -> T) -> T {
    ask(&Query::of(&target(uri)).unwrap())
}

#[test]
fn values_are_percent_decoded() {
    for (given, key) in [
        ("key=a%2Fb+c&other=1", &b"a/b c"[..]),
        ("x=key&%6bey=plain", b"plain"),
        ("key=%ff", b"\xff"),
        ("key=%EF%BF%BD", "\u{fffd}".as_bytes()),
        ("key=", b""),
        ("key", b""),
        ("key_base64=-_8", b"\xfb\xff"),
        ("key_base64=%2B/8=", b"\xfb\xff"),
    ] {
        let uri = format!("/cache/c?{given}");
        with(&uri, |query| assert_eq!(*query.element("key").unwrap(), *key, "{given}"));
    }
}

#[test]
fn values_without_encoding_are_not_copied() {
    let target = target("/cache/c?key=plain&token=t");
    let query = Query::of(&target).unwrap();

    assert!(matches!(query.element("key"), Ok(Cow::Borrowed(b"plain"))));
    assert!(matches!(query.token, Some(Cow::Borrowed("t"))));
}

#[test]
fn a_key_must_be_given_once_in_either_form() {
    for given in ["", "a=1", "key=a&key=b", "key=a&key_base64=YQ", "key_base64=!", "keys=a"] {
        let uri = format!("/cache/c?{given}");
        assert!(with(&uri, |query| query.element("key").is_err()), "{given}");
    }
}

#[test]
fn an_element_is_last_if_nothing_follows_it_and_it_is_the_only_one() {
    for (given, last) in [
        ("key=a", Some(&b"a"[..])),
        ("x=1&key=a=b", Some(b"a=b")),
        ("a&b&c&d&e&key=%20", Some(b"%20")),
        ("key=", Some(b"")),
        ("key=a&", None),
        ("key=a&x=a", None),
        ("key=a&key=a", None),
        ("key_base64=YQ", None),
        ("key_base64=YQ&key=a", None),
        ("k%65y=a", None),
        ("k%65y=a&key=a", None),
        ("", None),
    ] {
        let uri = format!("/cache/c?{given}");
        assert_eq!(with(&uri, |query| query.last("key").map(<[u8]>::to_vec)).as_deref(), last);
    }
}

#[test]
fn elements_of_both_forms_stay_in_order() {
    with("/?field=a&field_base64=YQ&x=1&&y&field=b%00&fields=c", |query| {
        let fields = query.some_elements("field").unwrap();
        assert_eq!(fields, [&b"a"[..], b"a", b"b\0"]);
        assert!(query.has("field") && !query.has("value"));
    });
}

#[test]
fn errors_name_the_invalid_parameter() {
    with("/?ttl_seconds=2&start=-1&order=desc&min=-inf&refresh_ttl=false", |query| {
        let ttl = Ttl(2_000);
        assert_eq!(query.collection_ttl(), Ok(CollectionTtl { ttl, refresh: false }));
        assert_eq!(query.slice(), Ok(Slice { start: Some(-1), end: None }));
        assert_eq!(query.order(), Ok(Some(Order::Descending)));
        assert_eq!(query.score("min"), Ok(Some(f64::NEG_INFINITY)));
    });
    with("/?ttl_seconds=0&start=x&order=up&min=nan&refresh_ttl=1&amount=1.5", |query| {
        let said = [
            query.ttl().unwrap_err(),
            query.slice().unwrap_err(),
            query.order().unwrap_err(),
            query.score("min").unwrap_err(),
            query.flag("refresh_ttl", true).unwrap_err(),
            query.amount().unwrap_err(),
        ];
        let names = ["ttl_seconds", "start", "order", "min", "refresh_ttl", "amount"];
        for (error, name) in said.iter().zip(names) {
            assert!(error.to_string().starts_with(name), "{error}");
        }
    });
}

#[test]
fn a_misspelt_parameter_is_refused_where_it_would_matter() {
    with("/?key=a&field_base64=YQ&token=t&", |query| {
        assert_eq!(query.only(&["key", "field"]), Ok(()));
        let error = query.only(&["key", "value"]).unwrap_err();
        assert!(error.to_string().starts_with("field_base64"), "{error}");
    });
}

#[test]
fn the_token_is_not_forwarded() {
    for (given, kept) in [
        ("/caches?limit=2", "/caches?limit=2"),
        ("/caches?token=t", "/caches"),
        ("/caches?limit=2&token=t&next_token=n", "/caches?limit=2&next_token=n"),
        ("/caches?%74oken=t", "/caches"),
    ] {
        let target = target(given);
        assert_eq!(Query::of(&target).unwrap().without_token(&target).unwrap(), kept);
    }
    assert!(Query::of(&target("/caches?token=t&token=u")).is_err());
}
