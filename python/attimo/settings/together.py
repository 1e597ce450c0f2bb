"""Checks settings that contradict each other, before anything is started."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address

from attimo.errors import Misconfigured
from attimo.settings.declared import Settings, flag, variable
from attimo.settings.payments import Secret


def check(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse combinations that would not work, or would not be safe.

    Args:
        found: The settings.
        labels: By setting: its origin, for the message.

    Raises:
        Misconfigured: The message names the setting and what to do.
    """
    _check_listeners(found, labels)
    _check_local_admin(found, labels)
    _check_certificate(found, labels)
    if found.backup_to and found.backup_to.is_relative_to(found.data_dir):
        raise Misconfigured(
            f"{labels['backup_to']} is in the data directory {found.data_dir}, with which the "
            "backups would be lost: choose another one, on another disk if possible"
        )
    if found.backup_to and found.database:
        raise Misconfigured(
            f"{labels['backup_to']} is set, and the database is {found.database}: back up "
            "PostgreSQL with its own means, such as pg_dump, and turn --backup-to off"
        )
    if found.keep_usage_hours < found.keep_usage_minutes:
        raise Misconfigured(
            f"{labels['keep_usage_hours']} keeps hours for less time than minutes are kept "
            f"({labels['keep_usage_minutes']}): keep them at least as long"
        )
    if found.acme:
        _check_acme(found, labels["acme"])
    _check_payments(found, labels)


def _check_listeners(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse a server without listeners, or with plaintext that others can intercept.

    Raises:
        Misconfigured: It has.
    """
    if not found.listeners:
        raise Misconfigured(
            "http and https are off, and listen has no address: nobody could connect"
        )
    for each in found.listeners:
        if each.is_exposed:
            meant = replace(each, insecure=True)
            raise Misconfigured(
                f"{labels[each.setting]} has {each.address} without TLS, so others could "
                f"read API keys in transit; use TLS, or confirm with --listen {meant}"
            )
    alone = (each for each in found.listeners if not each.tls and each.is_loopback)
    if found.local and not any(each.for_clients for each in alone):
        raise Misconfigured(
            f"{labels['local']} accepts clients without a token that connect without TLS "
            "on this machine, but there is no such listener; add one: --http 127.0.0.1:8080"
        )


def _check_local_admin(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse to let clients be cut off on a server that is not for tests, or by other machines.

    Raises:
        Misconfigured: They could be.
    """
    if found.local_admin is None:
        return
    if not found.local:
        raise Misconfigured(
            f"{labels['local_admin']} lets anybody on this machine cut all clients off, which is "
            "for tests: add --local, or turn it off"
        )
    host = found.local_admin.rpartition(":")[0].strip("[]")
    if not ip_address(host).is_loopback:
        raise Misconfigured(
            f"{labels['local_admin']} can be reached from other machines: use an address of this "
            "one, such as 127.0.0.1:9090"
        )


def _check_certificate(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse a certificate without a key, or the reverse.

    Raises:
        Misconfigured: One is missing.
    """
    for given, missing in (("certificate", "private_key"), ("private_key", "certificate")):
        if getattr(found, given) and not getattr(found, missing):
            raise Misconfigured(f"{labels[given]} needs {flag(missing)}, too")
    if found.authority and not (found.certificate or found.acme):
        raise Misconfigured(f"{labels['authority']} is for {flag('certificate')} or {flag('acme')}")


def _check_acme(found: Settings, label: str) -> None:
    """Check that an ACME authority can validate this server, and that its terms are accepted.

    Raises:
        Misconfigured: It cannot, or they are not.
    """
    if found.certificate:
        raise Misconfigured(f"{label} and {flag('certificate')} exclude each other: use one")
    if not found.acme_accept_terms:
        raise Misconfigured(f"{label} needs --acme-accept-terms: read the authority's terms first")
    if found.endpoint == "localhost":
        raise Misconfigured(f"{label} needs a public name: --endpoint cache.example.com")
    if not any(each.tls for each in found.listeners):
        raise Misconfigured(f"{label} has no effect without TLS: add --https 0.0.0.0:443")
    if not any(not each.tls and {"http", "acme"} & {*each.offers} for each in found.listeners):
        raise Misconfigured(
            f"{label} is validated at port 80, where nothing listens; "
            "add --listen http://0.0.0.0:80?only=acme"
        )


def _check_payments(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse payments without their secrets, and secrets that others can read.

    Raises:
        Misconfigured: One is missing, or is a flag.
    """
    for name in ("stripe_secret_key", "stripe_webhook_secret"):
        secret: Secret | None = getattr(found, name)
        if found.payments == "stripe" and secret is None:
            raise Misconfigured(
                f"{labels['payments']} needs {flag(name)} with the path of a file, or "
                f"{variable(name)}"
            )
        if secret and not secret.file and labels[name] == flag(name):
            raise Misconfigured(
                f"{flag(name)} has the secret itself, which others on this machine can read: write "
                f"it into a file and name that, or use {variable(name)}"
            )
