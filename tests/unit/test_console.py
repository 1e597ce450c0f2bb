"""Pages of the console that a running server does not show, or seldom."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from socket import socket

import pytest
from starlette.responses import Response
from starlette.routing import Route

from attimo import control as rules
from attimo.api import create_app
from attimo.api.people import SignUp
from attimo.console import entry, rendering
from attimo.console.addresses import Addresses
from attimo.console.health import Health
from attimo.console.pages import audit
from attimo.console.web import Page, Visit
from attimo.control import Control
from attimo.control.actions import Action
from fakes import Client

ADDRESSES = Addresses(None, None, lambda: None)
HEALTH = Health(0, [], None, 1, 2**20, is_writable=False, failures=3)


def refuse(peer: str) -> socket:
    raise OSError(f"no data for {peer}")


def client(control: Control, sign_up: SignUp = "open", pages: Sequence[Route] = ()) -> Client:
    every = [*pages, *entry.routes(ADDRESSES, lambda: HEALTH, refuse)]
    return Client(create_app(control, "e", sign_up, pages=every), None)


def test_an_internal_error_is_a_page_and_is_logged(
    control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(visit: Visit) -> Response:
        raise RuntimeError(visit.request.url.path)

    broken = Page("GET", "/broken", fail, is_public=True)
    answer = client(control, pages=[Route("/console/broken", broken)]).ask("GET", "/console/broken")

    assert answer.status_code == 500
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "RuntimeError" not in answer.text
    assert "RuntimeError: /console/broken" in caplog.text


@pytest.mark.parametrize("sign_up", ["invite", "closed"])
def test_who_runs_the_server_is_told_the_command_that_lets_them_in(
    sign_up: SignUp, control: Control
) -> None:
    page = client(control, sign_up).ask("GET", "/console/sign-in").text
    assert "<code>attimo console</code>" in page


def test_lengths_of_time_and_amounts_are_short() -> None:
    spans = {0: "0 s", 61: "1 min 1 s", 3_600: "1 h", 90_061: "1 d 1 h"}
    amounts = {1_023: "1023 B", 1_024: "1.0 KiB", 10_240: "10 KiB", 2**40: "1.0 TiB"}

    assert {each: rendering.span(each) for each in spans} == spans
    assert {each: rendering.of_bytes(each) for each in amounts} == amounts
    assert rendering.amount(2048, "bytes per second") == "2.0 KiB per second"


def test_the_audit_page_offers_every_kind_of_action_that_is_audited() -> None:
    modules = pkgutil.iter_modules(rules.__path__, f"{rules.__name__}.")
    found = [each for one in modules for each in vars(import_module(one.name)).values()]
    audited = [each for each in found if isinstance(each, Action) and each.audited]

    assert {each.name.partition(".")[0] for each in audited} == set(audit.KINDS)


def test_the_page_asked_for_before_signing_in_keeps_its_query(control: Control) -> None:
    answer = client(control).ask("GET", "/console/audit?action=a%26b")

    assert answer.headers["location"] == (
        "/console/sign-in?next=%2Fconsole%2Faudit%3Faction%3Da%2526b"
    )
