"""The description of the API as a document, and as a page that loads nothing from elsewhere."""

import re
import subprocess
import sys

import pytest

from attimo.node.local import data_routes
from fakes import Client


def test_the_page_loads_its_own_files_only(nobody: Client) -> None:
    page = nobody.ask("GET", "/docs")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 5
    for path in loaded:
        assert path.startswith("/")
        assert nobody.ask("GET", path).status_code == 200


def test_its_policy_allows_no_script_and_no_style_in_the_page_itself(nobody: Client) -> None:
    page = nobody.ask("GET", "/docs")

    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script(?! src)|<style|style=|onload", page.text) == []


@pytest.mark.parametrize(
    "name", ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "start.js"]
)
def test_its_files_have_their_types_and_may_be_kept(nobody: Client, name: str) -> None:
    file = nobody.ask("GET", f"/docs/{name}")

    kind = {"css": "text/css", "js": "text/javascript", "png": "image/png"}[name.split(".")[1]]
    assert file.headers["content-type"].startswith(kind)
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "max-age" in file.headers["cache-control"]


@pytest.mark.parametrize("name", ["main.py", "..%2Fmain.py", "", "__init__.py"])
def test_no_other_file_is_given_away(nobody: Client, name: str) -> None:
    assert nobody.ask("GET", f"/docs/{name}").status_code in (404, 307)


def test_the_document_stays_the_same_while_a_server_runs(nobody: Client) -> None:
    first, second = nobody.ask("GET", "/openapi.json"), nobody.ask("GET", "/openapi.json")

    assert first.headers["content-type"] == "application/json"
    assert first.content == second.content


def test_every_reference_in_the_document_leads_somewhere_and_every_schema_is_used(
    nobody: Client,
) -> None:
    document = nobody.ask("GET", "/openapi.json")

    used = set(re.findall(r'"#/components/schemas/(\w+)"', document.text))
    assert used == document.json()["components"]["schemas"].keys()


def test_the_document_has_every_route_of_the_data_plane(nobody: Client) -> None:
    paths = nobody.ask("GET", "/openapi.json").json()["paths"]

    described = {
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations
        if path.startswith(("/cache/", "/topics/"))
    }
    assert described == {route for routes in data_routes().values() for route in routes}


def test_neither_the_description_nor_the_page_is_imported_with_the_app() -> None:
    program = (
        "import sys; import attimo.api\n"
        "print({'attimo.api.description', 'offapi'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
