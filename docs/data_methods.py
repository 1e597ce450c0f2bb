"""The page about the methods of the data plane, written from the server's own table of them."""

from collections.abc import Iterator

from attimo.node.local import Method, methods

_TITLES = {
    "scalar": "Items",
    "dictionary": "Dictionaries",
    "set": "Sets",
    "list": "Lists",
    "sorted set": "Sorted sets",
    "leaderboard": "Leaderboards",
    "topic": "Topics",
}
_LOOKUPS = {
    "nothing": "",
    "item": "one item",
    "named": "each one named",
    "removed": "what it removes",
    "listed": "",
    "delivered": "",
}


def lines(note: str) -> Iterator[str]:
    """The page, line by line."""
    yield from ("# Data methods", "", note, "")
    yield "The permissions that each method of the data plane needs, its paths in the HTTP API, and"
    yield "what it is metered for. The clients' names are in [compatibility](compatibility.md),"
    yield "the permissions for other requests in"
    yield "[permissions of the control plane](permissions.md)."
    yield ""
    yield "* **needs**: the [permissions](../explanation/security.md#permissions) on the item or"
    yield "  topic; two must be in one rule."
    yield "* **HTTP**: methods with the same path differ in their parameters or headers"
    yield "  ([the HTTP API](http-api.md)); a method without a path is called by gRPC only."
    yield "* **looks for**: what counts as a hit or a miss ([metering](metering.md)), if any."
    for data_type, title in _TITLES.items():
        yield from ("", f"## {title}", "")
        yield "| method | needs | HTTP | looks for |"
        yield "|---|---|---|---|"
        yield from (_row(each) for each in methods() if each.data_type == data_type)


def _row(method: Method) -> str:
    needs = " and ".join(f"`{each}`" for each in method.permissions)
    routes = ", ".join(f"`{verb} {path}`" for verb, path in method.routes)
    return f"| `{method.name}` | {needs} | {routes} | {_LOOKUPS[method.lookups]} |"
