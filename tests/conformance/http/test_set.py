"""Sets by plain HTTP."""

from conformance.http.items import MINUTE, Items, base64url, element, is_missing, refused
from conformance.http.route import BOTH, READS, WRITES, Route
from conformance.wire import Wire

BINARY = b"\xff\x00"
ELEMENT = 128 * 1024

ROUTES = [
    Route("SetUnion", WRITES, "POST", "set", MINUTE, {"elements": ["a"]}),
    Route("SetFetch", READS, "GET", "set"),
    Route("SetLength", READS, "GET", "set/length"),
    Route("SetContains", READS, "GET", "set/contains", {"element": "a"}),
    Route("SetSample", READS, "GET", "set/sample", {"limit": 1}),
    Route("SetPop", BOTH, "POST", "set/pop"),
    Route("SetDifference", BOTH, "DELETE", "set", {"element": "a"}),
    Route("SetDifference", BOTH, "DELETE", "set"),
]


def add(items: Items, *elements: object) -> None:
    """Add to the set `k`."""
    assert items.post("set", {"elements": elements}, key="k", **MINUTE) is None


def stored(scs: Wire) -> set[bytes]:
    """The set `k`, as the SDKs see it."""
    return set(scs.ask("SetFetch", set_name=b"k").found.elements)


def test_elements_are_there_once(items: Items, scs: Wire) -> None:
    add(items, "a", "b", "a")
    add(items, "b", element(BINARY))

    assert stored(scs) == {b"a", b"b", BINARY}
    read = items.get("set", key="k")["elements"]
    assert sorted(read, key=str) == sorted(["a", "b", element(BINARY)], key=str)
    assert items.get("set/length", key="k") == {"length": 3}


def test_elements_are_looked_for_in_the_order_of_the_question(items: Items) -> None:
    add(items, "a", element(BINARY))

    read = items.ask(
        "GET", f"set/contains?key=k&element=x&element_base64={base64url(BINARY)}&element=a"
    )

    assert read.json() == {"contains": [False, True, True]}
    assert refused(items.ask("GET", "set/contains", key="k")) == (400, "invalid_argument")


def test_elements_are_removed_and_then_the_whole(items: Items, scs: Wire) -> None:
    add(items, "a", "b", "c", element(BINARY))

    items.delete("set", key="k", element=["a", "missing"], element_base64=base64url(BINARY))
    assert stored(scs) == {b"b", b"c"}
    items.delete("set", key="k", element=["b", "c"])
    assert is_missing(items.ask("GET", "set", key="k"))

    add(items, "a", "b")
    for _ in range(2):
        items.delete("set", key="k")
    assert is_missing(items.ask("GET", "set", key="k"))


def test_a_sample_is_of_different_elements_that_stay(items: Items) -> None:
    every = [str(number) for number in range(20)]
    add(items, *every)

    for limit in (0, 1, 7, 20, 99):
        sample = items.get("set/sample", key="k", limit=limit)["elements"]
        assert len(sample) == len(set(sample)) == min(limit, 20)
        assert set(sample) <= set(every)
    assert items.get("set/length", key="k") == {"length": 20}
    for query in ({}, {"limit": -1}, {"limit": "x"}):
        answer = items.ask("GET", "set/sample", key="k", **query)
        assert refused(answer) == (400, "invalid_argument")


def test_what_is_popped_is_gone(items: Items) -> None:
    every = [str(number) for number in range(6)]
    add(items, *every)

    popped = items.post("set/pop", key="k")["elements"]
    assert len(popped) == 1
    popped += items.post("set/pop", key="k", count=3)["elements"]
    assert items.get("set/length", key="k") == {"length": 2}
    popped += items.post("set/pop", key="k", count=99)["elements"]

    assert sorted(popped) == every
    assert is_missing(items.ask("POST", "set/pop", key="k"))
    assert refused(items.ask("POST", "set/pop", key="k", count=-1)) == (400, "invalid_argument")


def test_the_sdks_set_is_read(items: Items, scs: Wire) -> None:
    scs.ask("SetUnion", set_name=BINARY, elements=[BINARY], ttl_milliseconds=60_000)

    read = items.get("set", key_base64=base64url(BINARY))

    assert read == {"elements": [element(BINARY)]}


def test_what_is_not_there_is_missing(items: Items) -> None:
    asked: dict[str, dict[str, object]] = {
        "set": {},
        "set/length": {},
        "set/contains": {"element": "a"},
        "set/sample": {"limit": 1},
    }
    for below, query in asked.items():
        assert is_missing(items.ask("GET", below, key="missing", **query)), below


def test_another_type_is_refused(items: Items) -> None:
    items.put("k", b"1")

    answers = [
        items.ask("GET", "set", key="k"),
        items.ask("GET", "set/length", key="k"),
        items.ask("GET", "set/contains", key="k", element="a"),
        items.ask("GET", "set/sample", key="k", limit=1),
        items.ask("POST", "set", {"elements": ["a"]}, key="k", **MINUTE),
        items.ask("POST", "set/pop", key="k"),
        items.ask("DELETE", "set", key="k"),
        items.ask("DELETE", "set", key="k", element="a"),
    ]
    assert {refused(answer) for answer in answers} == {(400, "failed_precondition")}
    assert items.value("k") == b"1"


def test_an_element_has_a_limit(items: Items) -> None:
    add(items, "x" * ELEMENT)

    body = {"elements": ["a", "x" * (ELEMENT + 1)]}
    answer = items.ask("POST", "set", body, key="k", **MINUTE)

    assert refused(answer) == (413, "resource_exhausted")
    assert answer.json()["err"] == "element_size_limit_exceeded"
    assert items.get("set/length", key="k") == {"length": 1}
