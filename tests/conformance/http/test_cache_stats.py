"""What a cache stores, and its counts, up to this moment and for this cache alone."""

import httpx

from conformance.http.items import MINUTE, Items, Maker, refused, rule


def stats(items: Items) -> dict[str, int]:
    """What the server tells of the cache, in one object."""
    told = items.stats()
    assert told["name"] == items.cache
    return {"items": told["items"], "stored_bytes": told["stored_bytes"], **told["counts"]}


def test_a_request_is_counted_as_soon_as_it_is_answered(items: Items) -> None:
    nothing = dict.fromkeys(stats(items), 0)
    assert stats(items) == nothing

    items.put("k", b"value")
    items.value("k")
    items.value("missing")
    items.ask("POST", "increment", key="k", **MINUTE)

    told = stats(items)
    assert told["stored_bytes"] > len(b"kvalue")
    expected = nothing | {"items": 1, "requests": 4, "errors": 1, "hits": 1, "misses": 1}
    expected |= {"commands": 4, "operations": 5, "ecpu_thousandths": 4_000}
    sent = {name: told[name] for name in ("stored_bytes", "bytes_in", "kib_in")}
    assert told == expected | sent | {"bytes_out": len(b"value"), "kib_out": 1}


def test_a_flush_takes_the_items_and_leaves_the_counts(items: Items) -> None:
    items.put("k", b"value")
    flushed = items.web.post(f"/caches/{items.cache}/flush", headers=items.headers)
    assert flushed.status_code == 204

    told = stats(items)

    assert (told["items"], told["stored_bytes"], told["requests"]) == (0, 0, 1)


def test_who_may_read_all_items_is_told_and_nobody_else(
    web: httpx.Client, items: Items, maker: Maker
) -> None:
    path = f"/caches/{items.cache}/stats"
    for allowed, status in (
        (rule("read", cache=items.cache), 200),
        (rule("read", "write"), 200),
        (rule("read", cache=items.cache, items={"key_prefix": "user:"}), 403),
        (rule("write", cache=items.cache), 403),
        (rule("list"), 403),
        (rule("read", cache="another"), 403),
    ):
        headers = {"authorization": maker.role_key(allowed)}
        assert web.get(path, headers=headers).status_code == status, allowed

    assert web.get(path).status_code == 401
    missing = web.get("/caches/nowhere/stats", headers=items.headers)
    assert refused(missing) == (404, "not_found")
