//! What a refusal says.

use super::*;

#[test]
fn a_refusal_names_the_holder_the_method_the_key_and_what_the_holder_has() {
    let gate = gate();
    let own = rules(&["read"], json!({"key_prefix": "own/"}));
    let reader = authorize(&gate, own, "there");
    let said = |api, key: &[u8]| {
        let refused = Call::at_once(&gate, &reader, api, now()).allow(key).unwrap_err();
        refused.to_string()
    };

    assert_eq!(
        said(Api::Set, b"own/1"),
        "Insufficient permissions: API key local may not Set on this cache: it needs write and has \
         read on 'own/*' here"
    );
    assert!(said(Api::Get, b"other\n").contains(r"may not Get on key 'other\n': it needs read"));
}

#[test]
fn a_refusal_about_a_topic_names_the_topic_and_what_the_holder_has() {
    let gate = gate();
    let room = json!({"prefix": "room-"});
    let rule =
        |verb| json!({"type": "topic", "permissions": [verb], "caches": "*", "topics": room});
    let reader = authorize(&gate, json!([rule("read")]), "there");
    let said = |api, topic: &[u8]| {
        let refused = Call::at_once(&gate, &reader, api, now()).allow(topic).unwrap_err();
        refused.to_string()
    };

    assert_eq!(
        said(Api::Publish, b"room-1"),
        "Insufficient permissions: API key local may not Publish on this cache: it needs write and \
         has read on 'room-*' here"
    );
    assert!(said(Api::Subscribe, b"lobby").contains("may not Subscribe on topic 'lobby'"));
    assert!(said(Api::Get, b"room-1").ends_with("it needs read and has no permission here"));
}
