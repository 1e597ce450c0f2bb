"""The sections of the page of figures about rates, large requests, elements and misses."""

from bench import fan_out
from bench.bars import Figures
from bench.large import REQUESTS
from bench.memory import COLLECTING, SHAPES
from bench.misses import BUDGETS_MB, POLICIES, SIMULATED
from bench.rates import RATES, WAYS
from bench.tables import NOT_MEASURED, rounded, table

WAY_TITLES = {
    "grpc": "Attimo, gRPC Get, 1 x 100",
    "grpc-tls": "Attimo, gRPC Get over TLS, 1 x 100",
    "http1": "Attimo, HTTP/1.1 GET, 50 x 1",
    "redis": "Redis, GET, 50 x 1",
}


def rates(figures: Figures) -> str:
    """Latency of each way at each rate."""
    rows = [
        [f"{rate:,}", WAY_TITLES[way], *(f"{n / 1000:.2f}" for n in found)]
        for rate in RATES
        for way in WAYS
        if (found := _named(figures, f"rate.{rate}.{way}", ("p50", "p99", "p999")))
    ]
    return _table(["operations/s", "", "p50 ms", "p99 ms", "p99.9 ms"], rows)


def large(figures: Figures) -> str:
    """The p99 of a Get alone and beside each kind of large request."""
    kinds = ["alone", *(f"beside_{each.name}" for each in REQUESTS), "beside_all"]
    rows = [
        [kind.replace("_", " "), f"{figures[name] / 1000:.2f}"]
        for kind in kinds
        if (name := f"large.get_p99_{kind}") in figures
    ]
    return _table(["Get", "p99 ms"], rows)


def topics(figures: Figures) -> str:
    """What a delivery costs in each way, how long it takes, and what a Get costs beside many."""
    rows = [
        [way.title, rounded(cpu), f"{per_second:,.0f}", *(f"{n / 1000:.2f}" for n in latencies)]
        for name, way in fan_out.WAYS.items()
        if (found := _named(figures, f"topics.{name}", ("cpu", "per_second", "p50", "p99", "p999")))
        for cpu, per_second, *latencies in [found]
    ]
    columns = ["", "CPU µs/delivery", "deliveries/s", "p50 ms", "p99 ms", "p99.9 ms"]
    gets = _named(figures, "topics", ("get_instructions_alone", "get_instructions_beside"))
    beside = ["Get, alone", "Get, beside deliveries"]
    instructions = table(beside, [[f"{n:,.0f} instructions" for n in gets]]) if gets else ""
    return f"{_table(columns, rows)}\n\n{instructions}".strip()


def collections(figures: Figures) -> str:
    """Memory of an element of each shape in each server."""
    rows = [
        [shape.title, server, *map(rounded, found)]
        for name, shape in SHAPES.items()
        for server in COLLECTING
        if (
            found := _named(figures, f"memory.{name}.{server}", ("element_bytes", "overhead_bytes"))
        )
    ]
    return _table(["collection", "server", "bytes an element", "beyond its own"], rows)


def misses(figures: Figures) -> str:
    """Misses of each cache at each budget."""
    caches = ["attimo", *POLICIES, *map(str.lower, SIMULATED)]
    rows = []
    for budget in BUDGETS_MB:
        for cache in caches:
            name = f"misses.{budget}mb.{cache}"
            if found := _named(figures, name, ("all", "avoidable")):
                grown = figures.get(f"{name}.grown_mb")
                memory = "simulated" if grown is None else f"{grown:.1f}"
                rows.append([str(budget), cache, *(f"{n:.4f}" for n in found), memory])
    return _table(["MB", "cache", "misses", "avoidable", "MB it grew by"], rows)


def _named(figures: Figures, name: str, ends: tuple[str, ...]) -> list[float]:
    """These figures, or none if they were not measured."""
    names = [f"{name}.{end}" for end in ends]
    return [figures[each] for each in names] if all(each in figures for each in names) else []


def _table(columns: list[str], rows: list[list[str]]) -> str:
    return table(columns, rows) if rows else NOT_MEASURED
