"""Write the reference pages that follow from the program itself: commands, settings, wires.

The glossary is that of ARCHITECTURE.md. `python docs/generate.py` writes the pages; a test compares
them with what this would write.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import commands
import data_methods
import errors
import http_api
import metering
import permissions
import plans
import rate_cards
from google.protobuf.descriptor import ServiceDescriptor
from momento_wire_types import (
    auth_pb2,
    cacheclient_pb2,
    cachepubsub_pb2,
    controlclient_pb2,
    token_pb2,
)

from attimo.api import webhook_service
from attimo.api.services import METHODS
from attimo.node import local
from attimo.settings.declared import declarations, flag, variable

REFERENCE = Path(__file__).parent / "reference"
ARCHITECTURE = Path(__file__).parents[1] / "ARCHITECTURE.md"
CONFORMANCE = Path(__file__).parents[1] / "tests" / "conformance"
LANGUAGES = {
    "python": "Python",
    "javascript": "Node.js",
    "web": "Web",
    "go": "Go",
    "java": "Java",
    "rust": "Rust",
}
SERVICES = {
    "cache_client.Scs": "Items and collections",
    "leaderboard.Leaderboard": "Leaderboards",
    "cache_client.pubsub.Pubsub": "Topics",
    "control_client.ScsControl": "Caches and signing keys",
    "token.Token": "Disposable tokens",
    "auth.Auth": "API keys",
    "cache_client.Ping": "Ping",
    "webhook.Webhook": "Webhooks",
}
PING = "cache_client.Ping/Ping"
NOTE = "<!-- Written by docs/generate.py from the program; do not edit. -->"


def pages() -> dict[Path, str]:
    """Every generated page, by its path."""
    return {
        REFERENCE / "cli.md": _text(commands.lines(NOTE)),
        REFERENCE / "settings.md": _text(_settings()),
        REFERENCE / "compatibility.md": _text(_compatibility()),
        REFERENCE / "errors.md": _text(errors.lines(NOTE)),
        REFERENCE / "glossary.md": _text(_glossary()),
        REFERENCE / "http-api.md": _text(http_api.lines(NOTE)),
        REFERENCE / "methods.md": _text(data_methods.lines(NOTE)),
        REFERENCE / "metering.md": _text(metering.lines(NOTE)),
        REFERENCE / "metrics.md": _text(_metrics()),
        REFERENCE / "permissions.md": _text(permissions.lines(NOTE)),
        REFERENCE / "plans.md": _text(plans.lines(NOTE)),
        REFERENCE / "rate-cards.md": _text(rate_cards.lines(NOTE)),
    }


def methods() -> list[str]:
    """Every method of the services above, as Momento's published descriptors list them.

    Its Python package has neither leaderboards nor `Ping` nor webhooks; a test with the package for
    Node.js sees that nothing is missing here.
    """
    described = [
        cacheclient_pb2.DESCRIPTOR.services_by_name["Scs"],
        _leaderboards(),
        cachepubsub_pb2.DESCRIPTOR.services_by_name["Pubsub"],
        controlclient_pb2.DESCRIPTOR.services_by_name["ScsControl"],
        token_pb2.DESCRIPTOR.services_by_name["Token"],
        auth_pb2.DESCRIPTOR.services_by_name["Auth"],
    ]
    listed = [f"{each.full_name}/{method.name}" for each in described for method in each.methods]
    webhooks = [path.removeprefix("/") for path in webhook_service.METHODS]
    return [*listed, PING, *webhooks]


def _leaderboards() -> ServiceDescriptor:
    """What the tests declare, since Momento's package leaves it out."""
    sys.path.append(str(CONFORMANCE))
    import leaderboard_messages

    found: ServiceDescriptor = leaderboard_messages.service()
    return found


def served(method: str) -> bool:
    """Whether Attimo answers a method."""
    of_data = {f"{each.service}/{each.name}" for each in local.methods()}
    return method == PING or method in of_data or f"/{method}" in METHODS


def clients() -> dict[str, dict[str, str | None]]:
    """By language: the client's own names for each method on the wire, None if it has none."""
    files = {language: CONFORMANCE / language / "methods.json" for language in LANGUAGES}
    return {
        language: json.loads(file.read_text()) for language, file in files.items() if file.exists()
    }


def _compatibility() -> Iterator[str]:
    yield from ("# Compatibility", "", NOTE, "")
    yield "Momento's official clients use Attimo unmodified. This page lists all methods, with"
    yield "the methods of each client that call them; an empty cell means that the client has"
    yield "none. The tests in `tests/conformance` call every method named here on a running"
    yield "server. Momento's functions are not served yet."
    yield ""
    yield "URLs that Momento's `momento-signer` (PyPI, 0.2.2) signs with `CreateSigningKey` keys"
    yield "are accepted as [signed URLs](../how-to/serve-files-and-video.md) for one item and"
    yield "method."
    known = clients()
    for service, title in SERVICES.items():
        yield from ("", f"## {title}: `{service}`", "")
        yield "| " + " | ".join(["method", "Attimo", *(LANGUAGES[each] for each in known)]) + " |"
        yield "|---|---|" + "---|" * len(known)
        for method in methods():
            if method.startswith(f"{service}/"):
                cells = [_names(names.get(method)) for names in known.values()]
                yield " | ".join([_row_start(method), *cells]) + " |"
    yield from _programs()


def _programs() -> Iterator[str]:
    yield from ("", "## Programs on Momento's clients", "")
    yield "These come from registries and run unmodified against a server: in the test in the"
    yield "last column, or once by hand, where the column says what was tried. All worked."
    yield "[Use an SDK](../how-to/use-an-sdk.md) explains the two forms of a key and the variables."
    yield from ("", "| program | description | configured by | tested by, or tried |")
    yield "|---|---|---|---|"
    for each in json.loads((CONFORMANCE / "others" / "programs.json").read_text()):
        judged = each.get("tried") or f"[`{Path(each['judged']).name}`](../../{each['judged']})"
        name = f"`{each['name']}` {each['version']} ({each['registry']})"
        yield f"| {name} | {each['what']} | {each['pointed']} | {judged} |"


def _row_start(method: str) -> str:
    return f"| `{method.split('/')[1]}` | {'yes' if served(method) else 'not yet'}"


def _names(names: str | None) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", ")) if names else ""


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _glossary() -> Iterator[str]:
    """The table of terms in ARCHITECTURE.md, which is the last thing there."""
    table = ARCHITECTURE.read_text().partition("## Glossary\n\n")[2]
    yield from ("# Glossary", "", NOTE.replace("the program", ARCHITECTURE.name), "")
    yield "One term for one thing, in these pages, in messages and in the sources. Modules are"
    yield "explained in [Architecture](../../ARCHITECTURE.md#the-modules)."
    yield from ("", table)


def _settings() -> Iterator[str]:
    yield from ("# Settings", "", NOTE, "")
    yield "A flag wins over a variable, a variable over `attimo.toml`, the file over the default."
    yield "It is searched in the working directory, then in `~/.config/attimo/`; `--config` or"
    yield "`ATTIMO_CONFIG` names another. `attimo settings` prints all values and their origin. An"
    yield "unknown name is an error."
    yield ""
    yield "| flag | variable | in attimo.toml | default | description | allowed |"
    yield "|---|---|---|---|---|---|"
    shown = {name: one for name, one in declarations().items() if not one.hidden}
    for name, declared in shown.items():
        default = declared.default
        default = str(default).lower() if isinstance(default, bool) else default
        yield (
            f"| `{flag(name)}` | `{variable(name)}` | `{name}` | `{default}` "
            f"| {declared.help} | {declared.kind.allowed} |"
        )


def _metrics() -> Iterator[str]:
    yield from ("# Metrics", "", NOTE, "")
    yield "The metrics of `GET /metrics`. For who can read them, see"
    yield "[monitor a server](../how-to/watch-a-server.md). A histogram has `_bucket` (with"
    yield "the label `le`), `_sum` and `_count`; its bounds double from 1 µs to 1.05 s."
    yield from ("", "| metric | kind | labels | description |", "|---|---|---|---|")
    for metric in local.metrics():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |"


if __name__ == "__main__":
    for page, text in pages().items():
        page.parent.mkdir(exist_ok=True)
        page.write_text(text)
        print(f"wrote {page.relative_to(REFERENCE.parents[1])}")
