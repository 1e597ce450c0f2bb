"""The words of a refusal that programs look for, in data and in control requests alike."""

import httpx

from conformance.http.items import MINUTE, Items, refused

NOT_COMPATIBLE = "The stored type for this key is not compatible with this operation: "
NOT_A_NUMBER = "failed to parse value into an integer: "
NO_CACHE = "Cache not found: "


def test_a_wrong_type_is_told_in_the_words_of_the_reference(items: Items) -> None:
    cases: list[tuple[str, str]] = [
        ("GET", "list"),
        ("GET", ""),
        ("POST", "increment"),
        ("GET", "sorted-set/length"),
    ]
    for method, below in cases:
        items.post("dictionary", {"fields": [{"field": "a", "value": "b"}]}, key="d", **MINUTE)

        answer = items.ask(method, below, key="d", **MINUTE)

        assert refused(answer) == (400, "failed_precondition"), (method, below)
        assert answer.json()["message"].startswith(NOT_COMPATIBLE), (method, below)


def test_what_is_no_number_is_told_in_the_words_of_the_reference(items: Items) -> None:
    fields = {"fields": [{"field": "a", "value": "1.5"}]}
    items.post("dictionary", fields, key="d", **MINUTE)
    for value in (b"", b"ten", b"1.0", b"9223372036854775808", b"\xff"):
        items.put("k", value)
        answer = items.ask("POST", "increment", key="k", **MINUTE)
        assert refused(answer) == (400, "failed_precondition")
        assert answer.json()["message"].startswith(NOT_A_NUMBER)

    answer = items.ask("POST", "dictionary/increment", key="d", field="a", **MINUTE)

    assert answer.json()["message"].startswith(NOT_A_NUMBER)


def test_a_missing_cache_is_told_alike_by_data_and_control(
    web: httpx.Client, authorization: dict[str, str]
) -> None:
    for method, path in (
        ("GET", "/cache/nowhere?key=k"),
        ("DELETE", "/cache/nowhere/leaderboard?key=k"),
        ("DELETE", "/caches/nowhere"),
        ("POST", "/caches/nowhere/flush"),
    ):
        answer = web.request(method, path, headers=authorization)
        assert refused(answer) == (404, "not_found"), path
        assert answer.json()["message"].startswith(NO_CACHE), path
        # The reference's page on HTTP writes it so.
        assert answer.json()["title"] == "Cache Not Found", path


def test_every_door_refuses_with_the_members_of_a_problem(
    web: httpx.Client, authorization: dict[str, str], cache: str
) -> None:
    """The data plane, its forwarder, the app, and the framework below it."""
    for method, path, status, title in (
        ("GET", f"/cache/{cache}?key=a&key=b", 400, "Bad Request"),
        ("GET", f"/cache/{cache}?key=none", 404, "Key Not Found"),
        ("PATCH", f"/cache/{cache}", 405, "Method Not Allowed"),
        ("POST", "/health", 405, "Method Not Allowed"),
        ("GET", "/caches?limit=x", 400, "Bad Request"),
        ("GET", "/nowhere", 404, "Not Found"),
        ("PATCH", "/caches", 405, "Method Not Allowed"),
        ("PUT", "/caches/a%2Fb", 400, "Bad Request"),
    ):
        answer = web.request(method, path, headers=authorization)
        assert refused(answer)[0] == status, path
        assert answer.json()["title"] == title, path
        assert answer.headers["content-type"] == "application/json", path
    for path in ("/caches", f"/cache/{cache}?key=k"):
        answer = web.get(path)
        assert refused(answer) == (401, "unauthenticated")
        assert answer.json()["title"] == "Unauthorized"


def test_a_number_that_no_field_holds_is_refused_with_the_limit(items: Items) -> None:
    most_of_64, most_of_32 = str(2**64 - 1), str(2**32 - 1)
    wrong: list[tuple[str, str, dict[str, object], str, str]] = [
        ("PUT", "", {"ttl_seconds": 2**64}, "ttl_seconds", most_of_64),
        ("PUT", "", {"ttl_seconds": 0}, "ttl_seconds", most_of_64),
        ("PUT", "", {"ttl_seconds": "1.5"}, "ttl_seconds", most_of_64),
        ("POST", "increment", {"amount": 2**63, **MINUTE}, "amount", "64 bits"),
        ("GET", "list", {"start": 2**63}, "start", "64 bits"),
        ("GET", "set/sample", {"limit": 2**64}, "limit", most_of_64),
        ("GET", "sorted-set", {"min": 0, "count": 2**64}, "count", most_of_64),
        ("GET", "leaderboard", {"start": 2**32, "end": 2**32 + 1}, "start", most_of_32),
    ]
    for method, below, given, field, limit in wrong:
        answer = items.ask(method, below, key="k", **given)

        assert refused(answer) == (400, "invalid_argument"), (below, answer.text)
        message = answer.json()["message"]
        assert message.startswith(f"{field} must be "), message
        assert limit in message, message
