"""The program `attimo`: its commands, and how it ends when one fails."""

import sys

import typer

from attimo.cli import (
    audit,
    authority,
    backup,
    cache,
    dictionary,
    environment,
    key,
    leaderboard,
    limits,
    list,
    member,
    output,
    profile,
    role,
    serving,
    set,
    settings,
    sorted_set,
    status,
    token,
    usage,
    version,
)
from attimo.errors import AttimoError

app = typer.Typer(
    name="attimo",
    help="An open, self-hosted serverless cache. Start one with: attimo serve",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.command("status")(status.status)
app.command("env")(environment.env)
app.command("ca")(authority.ca)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("settings")(settings.settings)
app.add_typer(cache.app, name="cache")
app.add_typer(dictionary.app, name="dictionary")
app.add_typer(list.app, name="list")
app.add_typer(set.app, name="set")
app.add_typer(sorted_set.app, name="sorted-set")
app.add_typer(leaderboard.app, name="leaderboard")
app.add_typer(key.app, name="key")
app.add_typer(role.app, name="role")
app.add_typer(token.app, name="token")
app.add_typer(member.app, name="member")
app.command("usage")(usage.usage)
app.command("limits")(limits.limits)
app.command("audit")(audit.audit)
app.add_typer(profile.app, name="profile")
app.command("version")(version.version)


def main() -> None:
    """Run the command that was typed; a failure is one line, and exit status 1."""
    output.take_any_text()
    try:
        app()
    except (AttimoError, OSError) as error:
        print("attimo:", " ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(1) from None
