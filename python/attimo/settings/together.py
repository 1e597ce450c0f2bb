"""Settings that make no sense together, found before anything is started."""

from collections.abc import Mapping
from dataclasses import replace

from attimo.errors import Misconfigured
from attimo.settings.declared import Settings, flag


def check(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse what would not work, or not be safe.

    Args:
        found: The settings.
        labels: By name of setting: who has said it, for the message.

    Raises:
        Misconfigured: The message names the setting and the way out.
    """
    _check_listeners(found, labels)
    _check_certificate(found, labels)
    if found.acme:
        _check_acme(found, labels["acme"])


def _check_listeners(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse a server that nobody can reach, or that everybody can overhear.

    Raises:
        Misconfigured: It is one.
    """
    if not found.listeners:
        raise Misconfigured(
            "http and https are off, and listen names no address: nobody could connect"
        )
    for each in found.listeners:
        if each.is_exposed:
            meant = replace(each, insecure=True)
            raise Misconfigured(
                f"{labels[each.setting]} has {each.address} without TLS, so that others could "
                f"read API keys on the way; use TLS, or say that it is meant: --listen {meant}"
            )
    alone = (each for each in found.listeners if not each.tls and each.is_loopback)
    if found.local and not any(each.for_clients for each in alone):
        raise Misconfigured(
            f"{labels['local']} lets clients in without a token where they connect without TLS "
            "on this machine, and there is no such listener; have one: --http 127.0.0.1:8080"
        )


def _check_certificate(found: Settings, labels: Mapping[str, str]) -> None:
    """Refuse half a certificate.

    Raises:
        Misconfigured: It is one.
    """
    for given, missing in (("certificate", "private_key"), ("private_key", "certificate")):
        if getattr(found, given) and not getattr(found, missing):
            raise Misconfigured(f"{labels[given]} takes {flag(missing)} beside it")
    if found.authority and not (found.certificate or found.acme):
        raise Misconfigured(f"{labels['authority']} is for {flag('certificate')} or {flag('acme')}")


def _check_acme(found: Settings, label: str) -> None:
    """See that an authority could reach this server, and that it was asked for in earnest.

    Raises:
        Misconfigured: It could not.
    """
    if found.certificate:
        raise Misconfigured(
            f"{label} and {flag('certificate')} are two ways to a certificate: choose"
        )
    if not found.acme_accept_terms:
        raise Misconfigured(f"{label} takes --acme-accept-terms: read the authority's terms first")
    if found.endpoint == "localhost":
        raise Misconfigured(f"{label} takes a public name to certify: --endpoint cache.example.com")
    if not any(each.tls for each in found.listeners):
        raise Misconfigured(f"{label} is of no use without TLS: have --https 0.0.0.0:443")
    if not any(not each.tls and {"http", "acme"} & {*each.offers} for each in found.listeners):
        raise Misconfigured(
            f"{label} has the authority ask at port 80, where nothing listens; "
            "have --listen http://0.0.0.0:80?only=acme"
        )
