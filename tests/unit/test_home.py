"""The root path leads on, in a browser and for programs."""

from attimo.api import home
from fakes import Client

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def test_a_browser_is_led_to_the_console_on_the_host_that_it_asked(nobody: Client) -> None:
    for path, page in {"/": "/console/", "/invitations/accept": "/console/accept"}.items():
        answer = nobody.ask("GET", path, accept=BROWSER)

        assert (answer.status_code, answer.headers["location"]) == (303, page)


def test_a_program_gets_the_same_as_json(nobody: Client) -> None:
    answer = nobody.ask("GET", "/")

    assert answer.json()["name"] == "attimo"
    assert home.PLACES.items() <= answer.json().items()
    assert "accept" in answer.headers["vary"]
