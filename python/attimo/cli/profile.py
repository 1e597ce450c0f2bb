"""attimo profile: names for servers on other machines."""

from pathlib import Path
from typing import Any

from attimo import files
from attimo.cli import complete, inputs, keys, profiles, sign_in
from attimo.cli.command import Group, command
from attimo.cli.inputs import InputFile
from attimo.cli.keys import Target
from attimo.cli.options import argument, option
from attimo.cli.profiles import Profile
from attimo.cli.shapes import Column, Done, Listing, quoted

group = Group("profile", help="Profiles: named servers, for use with --profile.")

NAME = Column("name")
URL = Column("url", title="Address")

the_profile = argument("name", "The profile.", shell_complete=complete.profiles)


@command(
    group,
    shape=Done(
        lambda told: f"Saved the profile {quoted(told['name'])} for {told['url']}.", NAME, URL
    ),
    examples=[
        "attimo profile add prod --url https://cache.example.com:8443 --api-key KEY",
        "attimo profile add prod --url https://cache.example.com:8443 --api-key KEY --cache shop",
    ],
)
@the_profile
@option("--url", required=True, help="Its address, such as https://cache.example.com:8443.")
@option(
    "--api-key",
    help="API key [ATTIMO_TOKEN]. You are prompted if you leave it out; where standard "
    "input is not a terminal, its first line is the key.",
)
@option(
    "--ca",
    type=InputFile(),
    help="File with the certificates to trust.",
)
@option("--cache", help="Default cache for commands.")
def add(
    name: str, url: str, api_key: str | None, ca: Path | None, cache: str | None
) -> dict[str, str]:
    """Create or replace a profile."""
    target = Target(url, frozenset([keys.place(url)]))
    if api_key is None and keys.variable(keys.TOKEN) is None:
        api_key = sign_in.secret("API key")
    if ca is not None:
        inputs.content(ca, files.LONGEST)  # so that it is refused before it is needed
    key = keys.choose(target, api_key).value
    profiles.put(name, Profile(url, key, str(ca.resolve()) if ca else None, cache))
    return {"name": name, "url": url}


@command(
    group,
    "list",
    shape=Listing(NAME, URL, Column("cache", none=""), Column("ca", none="", wide=True)),
    examples=["attimo profile list", "attimo profile list --json"],
)
def list_profiles() -> list[dict[str, Any]]:
    """List the profiles, without their keys."""
    return [
        {"name": name, "url": entry.url, "cache": entry.cache, "ca": entry.ca}
        for name, entry in profiles.load().items()
    ]


@command(
    group,
    shape=Done(lambda told: f"Deleted the profile {quoted(told['name'])}.", NAME),
    examples=["attimo profile remove prod", "attimo profile remove staging --json"],
)
@the_profile
def remove(name: str) -> dict[str, str]:
    """Delete a profile."""
    profiles.remove(name)
    return {"name": name}
