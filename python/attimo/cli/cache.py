"""attimo cache: caches, and the items in them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from attimo.cli import spans
from attimo.cli.elements import MOST_TTL_SECONDS
from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.target import In, asks_server, chosen_cache

DEFAULT_TTL_SECONDS = 600

app = typer.Typer(help="Caches, and the items in them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The cache.")]
Key = Annotated[str, typer.Argument(help="The key.")]


@app.command()
@asks_server
def create(
    client: HttpClient,
    name: Name,
    expires_in: Annotated[
        str | None, typer.Option(help="Delete the cache automatically after this long (2h, 7d).")
    ] = None,
) -> None:
    """Create a cache; it is usable at once. With --expires-in, it is deleted automatically."""
    client.create_cache(name, None if expires_in is None else spans.seconds(expires_in))


@app.command("list")
@asks_server
def list_caches(client: HttpClient, as_json: Json = False) -> None:
    """List the caches of the account."""
    caches = list(client.caches())
    if as_json:
        print_json(caches)
    else:
        rows = [
            (cache["name"], moment(cache["created_at"]), moment(cache.get("expires_at"), "never"))
            for cache in caches
        ]
        print_table(["Name", "Created", "Expires"], rows)


@app.command()
@asks_server
def delete(client: HttpClient, name: Name) -> None:
    """Delete a cache and all its items."""
    client.delete_cache(name)


@app.command()
@asks_server
def flush(client: HttpClient, name: Name) -> None:
    """Delete all items of a cache."""
    client.flush_cache(name)


@app.command("set")
@asks_server
def set_item(
    client: HttpClient,
    key: Key,
    value: Annotated[
        str | None, typer.Argument(help="The value; `-` reads it from standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Read the value from a file.", dir_okay=False),
    ] = None,
    ttl: Annotated[
        int,
        typer.Option("--ttl", min=1, max=MOST_TTL_SECONDS, help="Time to live in seconds."),
    ] = DEFAULT_TTL_SECONDS,
    cache: In = None,
) -> None:
    """Write an item; the value can be any bytes."""
    client.set(chosen_cache(client.server, cache), key, _value(value, file), ttl)


@app.command()
@asks_server
def get(client: HttpClient, key: Key, cache: In = None) -> None:
    """Print an item's value unchanged; exit with 1 and print nothing if there is none."""
    value = client.get(chosen_cache(client.server, cache), key)
    if value is None:
        raise typer.Exit(1)
    sys.stdout.buffer.write(value)
    if sys.stdout.isatty():
        sys.stdout.buffer.write(b"\n")


@app.command("delete-item")
@asks_server
def delete_item(client: HttpClient, key: Key, cache: In = None) -> None:
    """Delete an item; no error if there is none."""
    client.delete(chosen_cache(client.server, cache), key)


def _value(value: str | None, file: Path | None) -> bytes:
    if (value is None) == (file is None):
        raise typer.BadParameter("pass exactly one of a value, `-` or --file")
    if file is not None:
        return file.read_bytes()
    return sys.stdin.buffer.read() if value == "-" else os.fsencode(value or "")
