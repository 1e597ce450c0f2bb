"""attimo login and attimo logout: a key for this machine, kept in a profile."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from attimo import files
from attimo.cli import ask, complete, keys, profiles, sign_in, trust
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.inputs import InputFile
from attimo.cli.options import argument, option, ttl, yes
from attimo.cli.profiles import Profile
from attimo.cli.sentences import noting
from attimo.cli.shapes import Column, Done, quoted
from attimo.cli.sign_in import Wanted
from attimo.cli.target import Choice
from attimo.cli.whoami import IDENTITY, Identity, fields
from attimo.errors import (
    AttimoError,
    Misconfigured,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)

DAYS = 90
"""How long a key is valid if nothing else is said."""


@command(
    shape=Identity(*IDENTITY),
    examples=[
        "attimo login --url https://cache.example.com:8443",
        "attimo login --url https://cache.example.com:8443 --with-key < key.txt",
    ],
)
@option("--url", help="Address of the server; asked for if you leave it out.")
@option("--name", help="Name of the profile. Default: the server's host name.")
@option("--with-key", is_flag=True, help="Read an API key instead of signing in.")
@option("--email", help="E-mail address to sign in with.")
@option("--invitation", help="Link of an invitation to accept.")
@option(
    "--account",
    help="Your account to use (name or id; id:7 is an id in any case), if you have several.",
)
@option("--role", help="Role for the key (name or id). Default: your own.")
@ttl(f"Expire after this long (12h, 30d). Default: {DAYS}d.", default=f"{DAYS}d")
@option("--fingerprint", help="SHA-256 fingerprint that the server's root certificate must have.")
@option(
    "--ca",
    type=InputFile(),
    help="File with the certificates to trust.",
)
def login(
    url: str | None,
    name: str | None,
    with_key: bool,
    email: str | None,
    invitation: str | None,
    account: str | None,
    role: str | None,
    ttl: int,
    fingerprint: str | None,
    ca: Path | None,
) -> dict[str, Any]:
    """Sign in to a server, create an API key for this machine, and keep it in a profile.

    Asks for what is not given. Where standard input is not a terminal, its first line is the
    password or, with --with-key, the key. The key is named after this machine; `attimo logout`
    revokes it.
    """
    if invitation is not None:
        if url is not None or with_key:
            raise click.UsageError("--invitation excludes --url and --with-key")
        url, _ = sign_in.of_link(invitation)
    url = (url or _asked("Address of the server", "--url")).rstrip("/")
    keys.place(url)  # a plain address, without a password
    name = name or urlsplit(url).hostname or url
    old = _replaceable(name, url)
    pem = trust.root_of(url, fingerprint) if ca is None else None
    with _rooted(name, pem, ca) as root:
        server = Profile(url, "", root, old.cache if old else None)
        if with_key:
            made = replace(server, api_key=keys.checked(sign_in.secret("API key"), "The key"))
            found = _saved(name, made)
        else:
            with _session(server, email, invitation) as client:
                made = _keyed(server, client, Wanted(account, role, ttl))
                with noting(lambda _: _unused(made)):
                    found = _saved(name, made)
                _end(client, old)
    print(
        f"Saved the profile {quoted(name)}. Use it with --profile {name} or ATTIMO_PROFILE={name}.",
        file=sys.stderr,
    )
    return fields(found, Choice(made, f"profile {name!r}", f"profile {name!r}"))


def _session(
    server: Profile, email: str | None, invitation: str | None
) -> AbstractContextManager[HttpClient]:
    """Sign in, or accept an invitation."""
    if invitation is not None:
        _, token = sign_in.of_link(invitation)
        password = sign_in.secret("Password (a new one, or that of your account)")
        return sign_in.by_invitation(server, token, password)
    email = email or _asked("E-mail address", "--email")
    return sign_in.by_password(server, email, sign_in.secret("Password"))


@contextmanager
def _rooted(name: str, pem: str | None, ca: Path | None) -> Iterator[str | None]:
    """Keep the root to trust in a file, if the login succeeds; the name of the file to use."""
    if pem is None:
        yield str(ca.resolve()) if ca else None
        return
    path = profiles.root_path(name)
    before = files.read(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(path, pem)
    try:
        yield str(path)
    except BaseException:
        if before is None:
            path.unlink()
        else:
            files.write(path, before)
        raise


def _keyed(server: Profile, client: HttpClient, wanted: Wanted) -> Profile:
    """The server with a new key."""
    made = sign_in.create_key(client, wanted)
    return replace(server, api_key=made["api_key"], key_id=made["key_info"]["key_id"])


def _saved(name: str, made: Profile) -> dict[str, Any]:
    """Keep a profile whose key the server accepts; who it says that the key is."""
    with HttpClient(made) as client:
        found = client.whoami()
    profiles.put(name, made)
    return found


def _unused(made: Profile) -> str:
    return (
        f"The API key {made.key_id} was created and is kept nowhere: revoke it with "
        f"`attimo key revoke {made.key_id}`"
    )


def _end(client: HttpClient, old: Profile | None) -> None:
    """Revoke the key of an earlier login, once its profile has another one."""
    if old is not None and old.key_id is not None:
        with suppress(AttimoError):  # it may have expired
            client.revoke_key(old.key_id, force=True)


def _asked(prompt: str, flag: str) -> str:
    if not sys.stdin.isatty():
        raise Misconfigured(f"{prompt} missing: pass it with {flag}")
    return str(click.prompt(prompt, err=True)).strip()


def _replaceable(name: str, url: str) -> Profile | None:
    """The profile of that name, which will be replaced.

    Raises:
        Misconfigured: It is that of another server.
    """
    old = profiles.load().get(name)
    if old is not None and keys.place(old.url) != keys.place(url):
        raise Misconfigured(
            f"The profile {quoted(name)} is of {old.url}: pass another name with --name"
        )
    return old


@command(
    shape=Done(
        lambda told: f"Logged out: {_words(told)}",
        Column("name"),
        Column("url"),
        Column("key_id", none=""),
        Column("revoked", "flag"),
    ),
    examples=["attimo logout prod", "attimo logout prod --yes --keep-key"],
)
@argument("name", "The profile.", required=False, shell_complete=complete.profiles)
@option("--keep-key", is_flag=True, help="Do not revoke the key.")
@yes
def logout(name: str | None, keep_key: bool, yes: bool) -> dict[str, Any]:
    """Revoke the key that `attimo login` created, and delete the profile.

    A key that was created elsewhere stays valid. Without a name, the profile is that of
    ATTIMO_PROFILE, or the only one.
    """
    name = name or keys.variable("ATTIMO_PROFILE") or _only()
    found = profiles.get(name)
    revokes = found.key_id is not None and not keep_key
    deed = f"revoke its API key {found.key_id} and delete" if revokes else "delete"
    ask.confirm(f"Log out of {found.url}: {deed} the profile {quoted(name)}?", yes)
    revoked = revokes and _revoke(found)
    with noting(lambda _: f"The API key {found.key_id} is revoked" if revoked else ""):
        profiles.remove(name)
    return {"name": name, "url": found.url, "key_id": found.key_id, "revoked": revoked}


def _only() -> str:
    """The name of the only profile.

    Raises:
        Misconfigured: There is none, or more than one.
    """
    names = list(profiles.load())
    if len(names) != 1:
        raise Misconfigured(
            f"Name a profile to log out of (profiles: {', '.join(names) or 'none'})"
        )
    return names[0]


def _revoke(profile: Profile) -> bool:
    """Revoke the key of a profile by itself; False if that is not possible, or not needed.

    Raises:
        Unreachable: The server does not answer; the profile is kept.
    """
    key_id = str(profile.key_id)
    try:
        with HttpClient(profile) as client:
            # Who signed in for it can do so again: even the last key is not a loss.
            client.revoke_key(key_id, force=True)
    except (Unauthenticated, NotFound):
        return False
    except PermissionDenied:
        print(
            f"attimo: the key {key_id} stays valid, since its role cannot revoke keys. Who can is "
            f"to run: attimo key revoke {key_id}",
            file=sys.stderr,
        )
        return False
    return True


def _words(told: dict[str, Any]) -> str:
    key = f"revoked the API key {told['key_id']} and " if told["revoked"] else ""
    return f"{key}deleted the profile {quoted(told['name'])}."
