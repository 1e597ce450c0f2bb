"""The root path leads on, in a browser and for programs."""

import re

from attimo.api import home
from fakes import Client

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def test_a_browser_gets_a_page_whose_links_lead_somewhere(nobody: Client) -> None:
    page = nobody.ask("GET", "/", accept=BROWSER)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = set(re.findall(r'href="([^"]+)"', page.text))
    # The data plane answers these itself.
    for path in links - {"/health"}:
        assert nobody.ask("GET", path).status_code == 200


def test_a_program_gets_the_same_as_json(nobody: Client) -> None:
    answer = nobody.ask("GET", "/")

    assert answer.json()["name"] == "attimo"
    assert home.PLACES.items() <= answer.json().items()
    assert "accept" in answer.headers["vary"]
