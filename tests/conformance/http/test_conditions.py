"""Entity tags and conditions on single values, as HTTP has them."""

from itertools import product
from typing import Any

from conformance.http.items import Items, Maker, is_missing, refused, rule
from conformance.wire import Wire

BYTES = bytes(range(256))
NO_TAG = '"no tag of ours"'
ABSENT, EQUAL, OTHER = "absent", "equal", "other"


def etag(items: Items, key: str) -> str:
    """The entity tag of a value that is there."""
    answer = items.ask("GET", key=key)
    assert answer.status_code == 200
    return answer.headers["etag"]


def put(items: Items, value: bytes, **conditions: str) -> Any:
    """A `PUT` of `k` with conditions."""
    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    return items.ask("PUT", body=value, headers=headers, key="k", ttl_seconds=60)


def test_the_tag_of_a_value_is_the_hash_that_the_sdks_are_told(items: Items, scs: Wire) -> None:
    for value in (b"", b"value", BYTES * 1000):
        items.put("k", value)
        told = scs.ask("GetWithHash", cache_key=b"k").found.hash
        assert etag(items, "k") == f'"{told.hex()}"'


def test_equal_values_have_equal_tags_and_others_do_not(items: Items) -> None:
    for key, value in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        items.put(key, value)

    assert etag(items, "a") == etag(items, "b") != etag(items, "c")


def test_a_client_that_has_the_value_is_not_sent_it_again(items: Items) -> None:
    items.put("k", BYTES)
    tag = etag(items, "k")

    for said in (tag, f"W/{tag}", f'"other", {tag}', f'"a,b",W/{tag}', "*"):
        for method in ("GET", "HEAD"):
            answer = items.ask(method, headers={"if-none-match": said}, key="k")
            assert (answer.status_code, answer.content) == (304, b""), said
            assert answer.headers["etag"] == tag
            assert answer.headers.get("content-length", "0") in ("0", "256")
    for said in (NO_TAG, '""', "garbage", tag.upper().replace('"', "")):
        answer = items.ask("GET", headers={"if-none-match": said}, key="k")
        assert (answer.status_code, answer.content) == (200, BYTES), said
    assert is_missing(items.ask("GET", headers={"if-none-match": tag}, key="missing"))


def test_a_value_is_sent_to_who_names_it_and_to_nobody_who_wants_another(items: Items) -> None:
    items.put("k", BYTES)
    tag = etag(items, "k")

    for said in (tag, "*", f'"other", {tag}', f'W/"x",{tag}'):
        for method, body in (("GET", BYTES), ("HEAD", b"")):
            answer = items.ask(method, headers={"if-match": said}, key="k")
            assert (answer.status_code, answer.content) == (200, body), said
    for said in (NO_TAG, f"W/{tag}", "", "garbage"):
        answer = items.ask("GET", headers={"if-match": said}, key="k")
        assert refused(answer) == (412, "failed_precondition"), said
        head = items.ask("HEAD", headers={"if-match": said}, key="k")
        assert (head.status_code, head.content) == (412, b""), said
    for said in (tag, "*"):
        assert is_missing(items.ask("GET", headers={"if-match": said}, key="missing"))


def test_what_must_match_is_asked_before_what_must_not(items: Items) -> None:
    items.put("k", b"value")
    tag = etag(items, "k")

    for match, none_match, status in (
        (tag, tag, 304),
        (tag, NO_TAG, 200),
        (NO_TAG, tag, 412),
        (NO_TAG, NO_TAG, 412),
    ):
        headers = {"if-match": match, "if-none-match": none_match}
        assert items.ask("GET", headers=headers, key="k").status_code == status


def test_a_value_is_written_if_the_item_is_as_expected(items: Items) -> None:
    cases: list[tuple[dict[str, str], list[str]]] = [
        ({"if_none_match": "*"}, [ABSENT]),
        ({"if_match": "*"}, [EQUAL, OTHER]),
        ({"if_match": "TAG"}, [EQUAL]),
        ({"if_none_match": "TAG"}, [ABSENT, OTHER]),
        ({"if_match": "W/TAG"}, []),
        ({"if_none_match": "W/TAG"}, [ABSENT, OTHER]),
        ({"if_match": NO_TAG}, []),
        ({"if_none_match": NO_TAG}, [ABSENT, EQUAL, OTHER]),
    ]
    items.put("tagged", b"equal")
    tag = etag(items, "tagged")
    for there, (conditions, stored) in product((ABSENT, EQUAL, OTHER), cases):
        before = {ABSENT: None, EQUAL: b"equal", OTHER: b"other"}[there]
        items.delete(key="k")
        if before is not None:
            items.put("k", before)

        said = {name: value.replace("TAG", tag) for name, value in conditions.items()}
        answer = put(items, b"new", **said)

        if there in stored:
            assert (answer.status_code, answer.content) == (204, b""), (there, conditions)
            assert items.value("k") == b"new"
            assert answer.headers["etag"] == etag(items, "k")
        else:
            assert refused(answer) == (412, "failed_precondition"), (there, conditions)
            assert items.value("k") == before


def test_a_lost_race_is_seen_and_the_next_try_wins(items: Items) -> None:
    """Read, change, write back: the way in which conditions are used."""
    items.put("k", b"1")
    mine = theirs = etag(items, "k")

    assert put(items, b"2", if_match=theirs).status_code == 204
    assert put(items, b"3", if_match=mine).status_code == 412

    assert put(items, b"3", if_match=etag(items, "k")).status_code == 204
    assert items.value("k") == b"3"


def test_a_value_that_is_not_written_keeps_its_time(items: Items) -> None:
    items.put("k", b"1", ttl_seconds=600)

    assert put(items, b"2", if_none_match="*").status_code == 412

    assert items.get("ttl", key="k")["ttl_milliseconds"] > 60_000


def test_a_put_without_conditions_needs_no_tag_and_gives_none(items: Items) -> None:
    assert "etag" not in put(items, b"1").headers


def test_a_condition_that_cannot_be_kept_is_refused(items: Items) -> None:
    cases: list[dict[str, str]] = [
        {"if_match": "*", "if_none_match": "*"},
        {"if_match": '"a", "b"'},
        {"if_none_match": '"a", "b"'},
        {"if_match": "no-quotes"},
        {"if_match": '"open'},
        {"if_none_match": ""},
    ]
    for conditions in cases:
        assert refused(put(items, b"1", **conditions)) == (400, "invalid_argument"), conditions
        assert items.value("k") is None, conditions


def test_where_there_are_no_conditions_they_are_not_passed_over(items: Items) -> None:
    for header in ["if-match", "if-none-match"]:
        items.put("k", b"1")

        for method, below in (
            ("DELETE", ""),
            ("POST", "increment"),
            ("POST", "set"),
            ("PUT", "ttl"),
        ):
            answer = items.ask(method, below, headers={header: "*"}, key="k", ttl_seconds=60)
            assert refused(answer) == (400, "invalid_argument"), below
        assert items.value("k") == b"1", header


def test_a_collection_is_no_value(items: Items) -> None:
    items.post("set", {"elements": ["a"]}, key="k", ttl_seconds=60)

    wrong = (400, "failed_precondition")
    assert refused(items.ask("GET", key="k")) == wrong
    for conditions in ({"if_match": "*"}, {"if_none_match": NO_TAG}):
        assert refused(put(items, b"1", **conditions)) == wrong
    assert put(items, b"1").status_code == 204


def test_who_may_only_write_may_not_ask_by_a_condition(items: Items, maker: Maker) -> None:
    writer = items.by(maker.token(rule("write")))

    assert put(writer, b"1").status_code == 204
    for conditions in ({"if_match": "*"}, {"if_none_match": "*"}, {"if_none_match": NO_TAG}):
        assert refused(put(writer, b"2", **conditions)) == (403, "permission_denied")
    assert items.value("k") == b"1"
