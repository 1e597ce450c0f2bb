"""The systemd units of a server, for the system or for one user.

The socket unit holds the addresses, so that they stay open while the service restarts. It is made
from the settings: a server refuses a socket that no setting uses.
"""

from pathlib import Path

from attimo.errors import Misconfigured
from attimo.settings import Settings

SERVICE = "attimo.service"
SOCKET = "attimo.socket"

SYSTEM_CONFIG = Path("/etc/attimo/attimo.toml")
SYSTEM_DATA = Path("/var/lib/attimo")
SYSTEM_UNITS = Path("/etc/systemd/system")
HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108
"""What the service of the system does not see: homes, and temporary files of others."""

STARTER = """\
# Settings of Attimo's service. `attimo settings` lists all of them.
# After a change: attimo service install && systemctl restart attimo

# The public name. It and the names below it must resolve to this machine.
endpoint = "localhost"

# Where clients connect: by TLS from everywhere, without it on this machine.
https = "0.0.0.0:8443"
http = "127.0.0.1:8080"
"""

_SERVICE = """\
# Written by `attimo service install`. Add to it by `systemctl {scope}edit attimo.service`.
[Unit]
Description=Attimo, a cache
Requires={socket}
After=network-online.target {socket}
Wants=network-online.target

[Service]
Type=notify
ExecStart={start}
Restart=on-failure
RestartSec=1
# A server finishes what is under way for at most 7 s, and writes its items until 9 s are over.
TimeoutStopSec=15
UMask=0077
NoNewPrivileges=yes
{more}
[Install]
WantedBy={wanted}
"""

# A user of its own that exists while the service runs, and nothing of the system but the network.
_SYSTEM = """\
LoadCredential=attimo.toml:{config}
DynamicUser=yes
StateDirectory=attimo attimo-backups
StateDirectoryMode=0700
LimitNOFILE=1048576
CapabilityBoundingSet=
DevicePolicy=closed
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
"""

_SOCKET = """\
# Written by `attimo service install`. systemd listens on these addresses, so they stay open while
# the service restarts: who connects meanwhile waits, and is not refused.
[Unit]
Description=Attimo, a cache (addresses)

[Socket]
{addresses}
# As many as the system allows; a burst of clients should not be refused.
Backlog=65535
NoDelay=true

[Install]
WantedBy=sockets.target
"""


def units(settings: Settings, program: Path, config: Path, *, user: bool) -> dict[str, str]:
    """Return the text of each unit, by its name.

    Args:
        settings: The settings in `config`.
        program: The program `attimo`.
        config: The settings file.
        user: Whether the service is one user's, and not the system's.

    Raises:
        Misconfigured: The service could not run so; the message says what to do.
    """
    if not user:
        _check_visible(program)
    # The specifier stays as it is: systemd puts the folder of the credential there.
    file = _quoted(str(config)) if user else "%d/attimo.toml"
    data = _quoted(str(settings.data_dir))
    service = _SERVICE.format(
        scope="--user " if user else "",
        socket=SOCKET,
        start=f"{_quoted(str(program))} serve --config {file} --data-dir {data}",
        more="" if user else _SYSTEM.format(config=config),
        wanted="default.target" if user else "multi-user.target",
    )
    return {SERVICE: service, SOCKET: _SOCKET.format(addresses=_addresses(settings))}


def _addresses(settings: Settings) -> str:
    found = [each.address for each in settings.listeners]
    for each in found:
        if each.endswith(":0"):
            raise Misconfigured(f"a service needs fixed ports, and the settings have {each}")
    return "\n".join(f"ListenStream={each}" for each in found)


def _check_visible(program: Path) -> None:
    """Refuse a program in a directory that the service does not see.

    Raises:
        Misconfigured: It is in one.
    """
    if hidden := [each for each in HIDDEN if program.is_relative_to(each)]:
        raise Misconfigured(
            f"{program} is in {hidden[0]}, which the service of the system does not see; install "
            "Attimo in /opt/attimo (docs/how-to/install.md), or use --user"
        )


def _quoted(word: str) -> str:
    """Quote a word for ExecStart: systemd.service(5) expands %, $, backslashes and quotes."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if text != word or " " in word else word
