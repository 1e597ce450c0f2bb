"""Latencies between two pages of metrics."""

from attimo.cli.latencies import between, counts_of, of_cache


def page(*counts: int) -> str:
    bounds = ("0.0001", "0.002", "+Inf")
    name = "attimo_request_duration_seconds_bucket"
    return "".join(
        f'{name}{{protocol="{protocol}",api="Get",le="{bound}"}} {count}\n'
        for protocol in ("grpc", "http")
        for bound, count in zip(bounds, counts, strict=True)
    )


def test_a_share_of_what_was_asked_in_between_took_at_most_so_long() -> None:
    before, now = counts_of(page(900, 900, 900)), counts_of(page(950, 998, 1000))

    assert between(before, now) == "p50 ≤ 100 µs  p99 > 2 ms  p99.9 > 2 ms"
    assert between({}, now) == "p50 ≤ 100 µs  p99 ≤ 2 ms  p99.9 > 2 ms"


def test_there_are_none_without_requests_or_metrics() -> None:
    some = counts_of(page(1, 1, 1))

    assert (between(some, some), between({}, counts_of("# nothing\n"))) == ("", "")


def test_a_cache_without_requests_has_no_latency() -> None:
    nothing = dict.fromkeys(("p50_micros", "p99_micros", "p999_micros"))

    assert of_cache({}) == nothing
    assert of_cache({"latency": {"p50": 8.5, "p99": 90.0, "p999": 91.0}}) == {
        "p50_micros": 8.5,
        "p99_micros": 90.0,
        "p999_micros": 91.0,
    }
