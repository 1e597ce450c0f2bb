"""Parts of a value, as players and CDNs ask for them (RFC 9110 §14), by path and by query."""

import httpx
import pytest

from conformance.http.items import Items, refused

VALUE = bytes(range(100))


@pytest.fixture
def written(items: Items) -> Items:
    """The items, of which one is there."""
    items.put("v.ts", VALUE)
    items.put("empty", b"")
    return items


def ranged(items: Items, said: str, way: str = "path", **headers: str) -> httpx.Response:
    """Ask for parts of the value."""
    asked = {"range": said, **headers}
    if way == "path":
        return items.ask("GET", "v.ts", headers=asked)
    return items.ask("GET", headers=asked, key="v.ts")


def test_one_part_is_sent_and_placed(written: Items) -> None:
    cases: list[tuple[str, int, int]] = [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=-5", 95, 99),
        ("bytes=-500", 0, 99),
        ("bytes=50-5000", 50, 99),
        ("Bytes=0-99999999999999999999", 0, 99),
        ("bytes=5000-, 7-8", 7, 8),
    ]
    for said, first, last in cases:
        for way in ["path", "query"]:
            answer = ranged(written, said, way)

            assert answer.status_code == 206
            assert answer.content == VALUE[first : last + 1]
            assert answer.headers["content-range"] == f"bytes {first}-{last}/100"
            assert answer.headers["content-length"] == str(last + 1 - first)
            assert answer.headers["accept-ranges"] == "bytes"
            assert answer.headers["etag"] == written.ask("HEAD", "v.ts").headers["etag"]


def test_what_is_no_range_or_asks_for_too_much_gets_all(written: Items) -> None:
    cases: list[str] = [
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=9-8",
        "bytes=a-b",
        "bytes=0-1-2",
        "items=0-1",
        "0-1",
        "bytes=0-,0-",
        "bytes=" + ",".join(["0-0"] * 17),
    ]
    for said in cases:
        answer = ranged(written, said)

        assert (answer.status_code, answer.content) == (200, VALUE), said
        assert answer.headers["accept-ranges"] == "bytes", said
        assert "content-range" not in answer.headers, said


def test_a_part_that_is_not_there_is_refused_with_the_length(written: Items) -> None:
    cases: list[str] = ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=200-,300-400"]
    for said in cases:
        answer = ranged(written, said)

        assert refused(answer) == (416, "out_of_range"), said
        assert answer.headers["content-range"] == "bytes */100", said


def test_an_empty_value_has_no_first_byte(written: Items) -> None:
    none = written.ask("GET", "empty", headers={"range": "bytes=0-"})
    suffix = written.ask("GET", "empty", headers={"range": "bytes=-5"})

    assert (none.status_code, none.headers["content-range"]) == (416, "bytes */0")
    assert (suffix.status_code, suffix.content) == (200, b"")


def test_a_head_and_a_write_have_no_parts(written: Items) -> None:
    head = written.ask("HEAD", "v.ts", headers={"range": "bytes=0-1"})
    put = written.ask("PUT", "w.ts", b"abc", {"range": "bytes=0-1"}, ttl_seconds=60)

    assert (head.status_code, head.headers["content-length"]) == (200, "100")
    assert (put.status_code, written.value("w.ts")) == (204, b"abc")


def test_if_range_sends_a_part_of_this_value_or_all_of_another(written: Items) -> None:
    etag = written.ask("HEAD", "v.ts").headers["etag"]

    assert ranged(written, "bytes=0-1", **{"if-range": etag}).status_code == 206
    for other in (f"W/{etag}", '"x"', "Sun, 06 Nov 1994 08:49:37 GMT", "*"):
        answer = ranged(written, "bytes=0-1", **{"if-range": other})
        assert (answer.status_code, answer.content) == (200, VALUE), other
    # A part that is not there is none of another value.
    assert ranged(written, "bytes=500-", **{"if-range": '"x"'}).status_code == 200


def test_conditions_come_before_ranges(written: Items) -> None:
    etag = written.ask("HEAD", "v.ts").headers["etag"]

    assert ranged(written, "bytes=0-1", **{"if-none-match": etag}).status_code == 304
    assert ranged(written, "bytes=500-", **{"if-match": '"x"'}).status_code == 412
    assert ranged(written, "bytes=0-1", **{"if-match": etag}).status_code == 206
    missing = written.ask("GET", "missing.ts", headers={"range": "bytes=0-1"})
    assert missing.status_code == 404
