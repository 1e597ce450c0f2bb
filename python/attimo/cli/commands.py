"""Every command of the program `attimo`; a module is loaded when its command is needed."""

import click

from attimo.cli.command import Entry, Group

# A command with its module, the name in it, and what the list of commands says.
_SECTIONS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Items": {
        "get": ("items", "get", "Print values."),
        "set": ("item_writes", "set_items", "Write an item, or many items from lines."),
        "del": ("items", "delete", "Delete items."),
        "incr": ("items", "incr", "Add to the integer in an item."),
        "ttl": ("items", "ttl", "Print or change the remaining time to live."),
        "info": ("items", "info", "Show an item's type, length and time to live."),
    },
    "Collections": {
        "dictionaries": ("dictionaries", "group", "Named values under one key."),
        "lists": ("lists", "group", "An ordered sequence of values under one key."),
        "sets": ("sets", "group", "Distinct elements under one key."),
        "sorted-sets": ("sorted_sets", "group", "Values ordered by their scores."),
        "leaderboards": ("leaderboards", "group", "Ids ranked by their scores."),
    },
    "Topics": {
        "topic": ("topic", "group", "Publish messages, and subscribe to them."),
    },
    "Account": {
        "login": ("login", "login", "Sign in to a server, and keep a key for it."),
        "logout": ("login", "logout", "Revoke the key of a login, and delete the profile."),
        "console": (
            "console",
            "console",
            "Print the address of the console, or a link into it.",
        ),
        "whoami": ("whoami", "whoami", "Show who you are, and with which permissions."),
        "cache": ("cache", "group", "Create, list, flush and delete caches."),
        "webhook": ("webhook", "group", "Post messages of a topic to a URL."),
        "key": ("key", "group", "Create, list and revoke API keys."),
        "role": ("role", "group", "Permissions of keys and members."),
        "token": ("token", "group", "Create disposable tokens."),
        "member": ("member", "group", "The people of an account."),
        "usage": ("usage", "usage", "Show usage by cache, API key, method or time."),
        "bill": ("bill", "bill", "Show what a month costs, by a rate card or by all."),
        "budget": ("budget", "group", "What a month may cost, and what happens on the way."),
        "payments": ("payments", "group", "How the account pays, on a server that is paid."),
        "audit": ("audit", "audit", "Show who did what."),
    },
    "Server": {
        "account": ("account", "group", "The accounts of several teams."),
        "plan": ("plan", "group", "What accounts may use."),
        "serve": ("serving", "serve", "Run a server."),
        "doctor": ("doctor", "doctor", "Check the way to a server, and the server."),
        "status": ("status", "status", "Show whether the server is ready, and how busy it is."),
        "top": ("top", "top", "Show what caches do now, as a live table."),
        "service": ("service", "group", "Run the server under systemd."),
        "settings": ("settings", "settings", "List every setting."),
        "limits": ("limits", "limits", "List every limit."),
        "backup": ("backup", "backup", "Back up the server on this machine."),
        "restore": ("backup", "restore", "Create a data directory from a backup."),
        "database": ("database", "group", "Copy a server's database to PostgreSQL, or back."),
    },
    "This machine": {
        "env": ("environment", "env", "Print `export` lines for SDKs and curl."),
        "ca": ("authority", "ca", "Print the root certificate that clients must trust."),
        "profile": ("profile", "group", "Named servers, for use with --profile."),
        "completion": ("completion", "completion", "Print a shell's completion script."),
        "version": ("version", "version", "Show the version."),
        "help": ("help", "help_", "Show the help of a command."),
    },
}

_SINGULAR = {
    "dictionary": "dictionaries",
    "list": "lists",
    "sorted-set": "sorted-sets",
    "leaderboard": "leaderboards",
}
_PLURAL = {
    f"{noun}s": noun
    for noun in (
        *("account", "cache", "webhook", "key", "role", "token", "member", "profile", "plan"),
        "topic",
    )
}
_GUESSED = {
    "delete": "del",
    "rm": "del",
    "remove": "del",
    "increment": "incr",
    "put": "set",
    "type": "info",
    "setting": "settings",
    "limit": "limits",
}

EXAMPLES = [
    "attimo serve",
    "attimo set greeting hello && attimo get greeting",
    "attimo help cache create",
]


class _Program(Group):
    """The program; it has one more spelling of an earlier version, which only arguments tell."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; `attimo set add NAME …` meant the data type."""
        from attimo.cli import old_sets

        if args[0] == "set" and old_sets.is_meant(args[1:]):
            args = ["sets", *args[1:]]
            if not ctx.resilient_parsing:
                old_sets.hint(args[1])
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from attimo.cli import version

        print(version.line(version.fields()))
        ctx.exit()


app = _Program(
    "attimo",
    help="An open, self-hosted serverless cache. Start a server with: attimo serve",
    examples=EXAMPLES,
    aliases=_SINGULAR | _PLURAL | _GUESSED,
    table={
        name: Entry(f"attimo.cli.{module}", help, section, attribute)
        for section, commands in _SECTIONS.items()
        for name, (module, attribute, help) in commands.items()
    },
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show the version.",
        )
    ],
)
