"""The page of figures, `docs/reference/benchmarks.md`, from a run."""

from bench import bars, idle, scenarios, sections
from bench.bars import Bar, Figures
from bench.machine import About
from bench.results import Results
from bench.scenarios import Scenario
from bench.tables import NOT_MEASURED, rounded, table
from bench.words import (
    BUSY,
    COLLECTIONS,
    CONNECTIONS,
    INTRODUCTION,
    LARGE,
    MEMORY,
    METHOD,
    MISSES,
    RATES,
    SCALING,
    TOPICS,
)

NAMES = {
    "attimo": "Attimo",
    "valkey": "Valkey",
    "redis": "Redis",
    "memcached": "memcached",
    "nginx": "nginx",
}
SECTIONS = {
    "grpc": "Momento's gRPC",
    "http2": "HTTP/2",
    "http1": "HTTP/1.1",
    "resp": "The Redis protocol, for comparison",
}
LATE_SECONDS = 0.005
QUIET = 1.0  # the load average of a machine that has little else to do


def promises(figures: Figures) -> str:
    """What was promised and what was measured, as a table."""
    rows = [_promise(bar, figures) for bar in bars.every()]
    return table(["promise", "bar", "measured", ""], rows)


def page(found: Results) -> str:
    """The whole page."""
    parts = [
        "# Benchmarks",
        INTRODUCTION,
        BUSY.format(busy=found.about.busy) if found.about.busy > QUIET else "",
        "## What was promised",
        promises(found.figures),
        *_throughput(found.figures),
        "## Two threads",
        SCALING,
        _scaling(found.figures),
        "## At the same rates",
        RATES,
        sections.rates(found.figures),
        "## Beside large requests of others",
        LARGE,
        sections.large(found.figures),
        "## Messages to a thousand subscribers",
        TOPICS,
        sections.topics(found.figures),
        "## Memory of an item",
        MEMORY,
        _memory(found.figures),
        "## Memory of an element",
        COLLECTIONS,
        sections.collections(found.figures),
        "## Misses at the same memory",
        MISSES,
        sections.misses(found.figures),
        "## An idle connection",
        CONNECTIONS,
        _connections(found.figures),
        "## At rest, at the start, and when caches are made",
        _life(found.figures),
        "## How it was measured",
        _how(found),
        METHOD,
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _promise(bar: Bar, figures: Figures) -> list[str]:
    value = bar.value(figures)
    if value is None:
        return [bar.text, bar.limit, NOT_MEASURED, ""]
    if bar.over:
        ours, theirs = figures[bar.figure], figures[bar.over]
        measured = f"{rounded(value)} ({rounded(ours)} : {rounded(theirs)} {bar.unit})"
    else:
        measured = f"{rounded(value)} {bar.unit}".strip()
    return [bar.text, bar.limit, measured, "met" if bar.is_met(figures) else "**missed**"]


def _throughput(figures: Figures) -> list[str]:
    parts = []
    for protocol, title in SECTIONS.items():
        rows = [
            _scenario(each, server, figures)
            for each in scenarios.every()
            if each.protocol == protocol
            for server in each.servers
            if f"{each.name}.{server}.cpu" in figures
        ]
        if rows:
            parts += [f"## {title}", table(COLUMNS, rows)]
    return parts


COLUMNS = [
    "scenario",
    "keys",
    "server",
    "CPU µs/op (least to most)",
    "operations/s (best)",
    "at 70 %: operations/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
]


def _scenario(each: Scenario, server: str, figures: Figures) -> list[str]:
    def figure(name: str) -> float:
        return figures[f"{each.name}.{server}.{name}"]

    cpu = [rounded(figure(name)) for name in ("cpu", "cpu_least", "cpu_most")]
    late = " †" if figure("behind_seconds") > LATE_SECONDS else ""
    return [
        each.title,
        each.order,
        NAMES[server],
        f"**{cpu[0]}** ({cpu[1]} to {cpu[2]})",
        f"{figure('per_second'):,.0f} ({figure('per_second_best'):,.0f})",
        f"{figure('paced_per_second'):,.0f}{late}",
        *(f"{figure(name) / 1000:.2f}" for name in ("p50", "p99", "p999")),
    ]


def _scaling(figures: Figures) -> str:
    rows = []
    for shape in ("8x16", "50x20"):
        found = {
            name.rpartition(".")[2]: value
            for name, value in figures.items()
            if name.startswith(f"scaling.{shape}.")
        }
        if found:
            rows.append(
                [
                    shape.replace("x", " x "),
                    f"{found['per_second_1']:,.0f}",
                    f"{found['per_second_2']:,.0f}",
                    f"{found['throughput']:.2f}",
                    f"{found['cpu_1']:.2f} → {found['cpu_2']:.2f}",
                    f"{found['busiest_cpu_1']:.2f} → {found['busiest_cpu_2']:.2f}",
                    f"{found['capacity']:.2f}",
                ]
            )
    columns = [
        "gRPC Get, for each thread",
        "operations/s, 1 thread",
        "2 threads",
        "ratio of throughputs",
        "CPU µs/op, 1 → 2",
        "of the busiest thread",
        "ratio of capacities",
    ]
    return table(columns, rows) if rows else NOT_MEASURED


def _memory(figures: Figures) -> str:
    rows = [
        [
            NAMES[server],
            f"{figures[f'memory.{server}.items']:,.0f}",
            f"{figures[f'memory.{server}.added_mb']:,.1f}",
            f"{figures[f'memory.{server}.overhead_bytes']:.1f}",
        ]
        for server in NAMES
        if f"memory.{server}.items" in figures
    ]
    columns = ["server", "items", "MB of resident memory", "bytes an item beyond its own 116"]
    return table(columns, rows) if rows else NOT_MEASURED


def _connections(figures: Figures) -> str:
    rows = [
        [
            kind.title,
            f"{figures[f'connection.{name}.count']:,.0f}",
            f"{figures[f'connection.{name}.added_mb']:,.1f}",
            f"{figures[f'connection.{name}.bytes']:,.0f}",
        ]
        for name, kind in idle.KINDS.items()
        if f"connection.{name}.count" in figures
    ]
    columns = ["connection", "how many", "MB of resident memory", "bytes each"]
    return table(columns, rows) if rows else NOT_MEASURED


def _life(figures: Figures) -> str:
    texts = {
        "idle.cpu_percent": ("At rest: processor", "% of a core"),
        "idle.resident_mb": ("At rest: resident memory", "MB"),
        "start.median_seconds": ("From exec to the first gRPC answer with status 0, median", "s"),
        "start.worst_seconds": ("The same, the worst", "s"),
        "create.p50_ms": ("Making a cache (the first 500), p50", "ms"),
        "create.p99_ms": ("Making a cache (the first 500), p99", "ms"),
        "create.last_p99_ms": ("Making a cache (the last 500), p99", "ms"),
        "caches.count": ("Caches made", ""),
        "caches.added_mb": ("Memory that 10,000 caches add", "MB"),
    }
    rows = [
        [text, f"{rounded(figures[name])} {unit}".strip()]
        for name, (text, unit) in texts.items()
        if name in figures
    ]
    return table(["", "measured"], rows) if rows else NOT_MEASURED


def _how(found: Results) -> str:
    about = found.about
    rows = [
        ["date", about.date],
        ["commit", f"`{about.commit}`"],
        ["machine", f"{about.processor}, {about.cores} cores, {about.memory_gib} GiB"],
        ["kernel", f"Linux {about.kernel}, {about.system}, Python {about.python}"],
        ["other work", f"load average {about.busy:g} at the start"],
        ["scheduling", "real time, round robin" if about.real_time else "ordinary"],
        [
            "servers",
            ", ".join(f"{NAMES[name]} {version}" for name, version in found.versions.items()),
        ],
        ["command", _command(about)],
        *(["measured later", _later(each)] for each in found.later),
    ]
    return table(["", ""], rows)


def _command(about: About) -> str:
    return f"`{about.command}`" + (" (quick: short rounds)" if about.quick else "")


def _later(about: About) -> str:
    return f"{_command(about)}, {about.date}, commit `{about.commit}`, load average {about.busy:g}"
