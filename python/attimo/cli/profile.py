"""attimo profile: names for servers on other machines."""

from pathlib import Path
from typing import Annotated

import typer

from attimo.cli import keys, profiles
from attimo.cli.keys import Target
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.profiles import Profile

app = typer.Typer(help="Named servers, for use with --profile.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The profile.")]


@app.command()
def add(
    name: Name,
    url: Annotated[str, typer.Option(help="Its address, such as https://cache.example.com:8443.")],
    api_key: Annotated[
        str | None,
        typer.Option(help="API key [ATTIMO_TOKEN]. You are prompted if you leave it out."),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="File with the certificates to trust.", exists=True, dir_okay=False),
    ] = None,
    cache: Annotated[str | None, typer.Option(help="Default cache for commands.")] = None,
) -> None:
    """Create or replace a profile."""
    target = Target(url, frozenset([keys.place(url)]))
    if api_key is None and keys.variable(keys.TOKEN) is None:
        api_key = typer.prompt("API key", hide_input=True)
    known = profiles.load()
    key = keys.choose(target, api_key)
    known[name] = Profile(url, key, str(ca.resolve()) if ca else None, cache)
    profiles.save(known)


@app.command("list")
def list_profiles(as_json: Json = False) -> None:
    """List the profiles, without their keys."""
    known = profiles.load()
    if as_json:
        print_json([{"name": name, "url": entry.url} for name, entry in known.items()])
    else:
        print_table(["Name", "Address"], [(name, entry.url) for name, entry in known.items()])


@app.command()
def remove(name: Name) -> None:
    """Delete a profile."""
    profiles.get(name)
    known = profiles.load()
    del known[name]
    profiles.save(known)
