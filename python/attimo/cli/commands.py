"""Every command of the program `attimo`."""

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
    profile,
    program,
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

app = program.new()
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
