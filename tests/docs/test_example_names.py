"""Examples have one name for the address of the server, for a token, and for a package.

The first two are what the command line reads. An example that has several credentials at hand
says where each comes from; Momento's clients have names of their own.
"""

import re
from collections import Counter
from collections.abc import Iterator

from docs.typed import DOCS

PAGES = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md")), DOCS / "terminal.py"]
ADDRESS = re.compile(r"""["'/]\$\{?(\w+)\}?/(?:cache|caches|keys|tokens|usage|metrics)\b""")
CREDENTIAL = re.compile(r"""Authorization: (?:Bearer )?\$(\w+)|-u ["']\w*:\$(\w+)""")
READ = re.compile(r"""(?:environ\[["']|\benv\.|\bexport )(\w*(?:URL|TOKEN|_KEY))\b""")
OTHERS = {"MOMENTO_API_KEY", "MOMENTO_AUTH_TOKEN", "SECRET_KEY"}


def test_the_address_of_the_server_is_attimo_url_in_every_example() -> None:
    assert set(found(ADDRESS)) == {("ATTIMO_URL", True)}


def test_a_token_is_attimo_token_unless_the_page_says_where_it_comes_from() -> None:
    assert [each for each in found(CREDENTIAL) if not each[1]] == []


def test_programs_read_the_variables_that_the_command_line_reads() -> None:
    assert {name for name, _ in found(READ)} - OTHERS == {"ATTIMO_URL", "ATTIMO_TOKEN"}


def found(pattern: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    """Each name that a page uses in this place, and whether a reader of the page knows it."""
    for page in PAGES:
        text = page.read_text()
        for match in pattern.finditer(text):
            name = next(each for each in match.groups() if each)
            yield name, name.startswith("ATTIMO_") or is_made(name, text)


def is_made(name: str, page: str) -> bool:
    """Whether a page sets a shell variable from what a command prints, or takes it as argument."""
    return name.isdigit() or re.search(rf"\b{name}=\$\(", page) is not None


def test_each_extra_package_is_installed_by_one_line_wherever_it_is_named() -> None:
    places = [*PAGES, *(DOCS.parent / "python").rglob("*.py")]
    lines = [
        line
        for place in places
        for line in re.findall(r"pip install ['\w\[\]]+", place.read_text())
        if re.search("valkey|redis|tracing|opentelemetry", line)
    ]

    assert set(lines) == {"pip install valkey", "pip install 'attimo[tracing]'"}
    assert Counter(lines)["pip install valkey"] >= 3
