"""Stands in for Stripe: by itself, or for what localstripe lacks in front of it.

localstripe has neither Checkout sessions nor meter events. This records what it was asked, and
takes an identifier once, as Stripe says that it does.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx
import stripe

from harness import Server

KEY = "sk_test_attimo"
SECRET = "whsec_attimo"  # noqa: S105

OURS = ("/v1/checkout", "/v1/billing")
"""Paths that localstripe does not have."""

_LOCALSTRIPE = """
import socket
from aiohttp import web
from localstripe import resources, server

resources.Store.dump_to_disk = lambda self: None
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
web.run_app(server.app, sock=listener, print=None)
"""

Form = dict[str, str]
Answer = tuple[int, dict[str, Any]]


@dataclass
class StripeServer:
    """What Stripe knows, and what it was asked.

    Attributes:
        asked: Each request: method, path and form.
        events: The meter events that it has taken, by identifier.
        failures: What it answers next instead, in order: a status, or 0 for hanging up after it has
            done what was asked.
        refused: The customers whose events it refuses.
        refused_meters: The event names of meters that it does not have.
        agents: What it was told about who asks.
        missing: The customers that it does not have.
        ending: The subscriptions that end with their period, as often as it was asked for that.
        behind: The URL of a localstripe that answers all but Checkout and meter events.
    """

    url: str = ""
    asked: list[tuple[str, str, Form]] = field(default_factory=list)
    events: dict[str, Form] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    refused_meters: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    subscriptions: list[Form] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)
    behind: str = ""
    _customers: int = 0

    def answer(self, method: str, path: str, form: Form) -> Answer:
        """Do what is asked."""
        self.asked.append((method, path, form))
        match method, path.split("/")[2:]:
            case "POST", ["customers"]:
                self._customers += 1
                return 200, {"id": f"cus_{self._customers}", "object": "customer"}
            case "POST", ["customers", id]:
                self.methods[id] = form["invoice_settings[default_payment_method]"]
                return 200, {"id": id, "object": "customer"}
            case "POST", ["checkout", "sessions"]:
                if form["customer"] in self.missing:
                    return 400, _missing(f"No such customer: '{form['customer']}'", "customer")
                url = f"https://checkout.stripe.com/c/{form['customer']}"
                expires = int(time.time()) + 86_400
                session = {"object": "checkout.session", "url": url, "expires_at": expires}
                return 200, {"id": "cs_1", **session}
            case "GET", ["setup_intents", id]:
                method_id = id.replace("seti_", "pm_")
                return 200, {"id": id, "object": "setup_intent", "payment_method": method_id}
            case _, ["subscriptions", *ids]:
                return self._subscriptions(method, ids, form)
            case "POST", ["billing", "meter_events"]:
                return self._meter(form)
        return 404, _error(f"Unrecognized request URL ({method}: {path}).")

    def sold(self, customer: str, name: str = "") -> dict[int, int]:
        """The sum of a customer's events by hour; of those of a meter, if it is named."""
        sums: dict[int, int] = {}
        for event in self.events.values():
            is_meant = name in ("", event["event_name"])
            if event["payload[stripe_customer_id]"] == customer and is_meant:
                hour = int(event["timestamp"])
                sums[hour] = sums.get(hour, 0) + int(event["payload[value]"])
        return sums

    def _subscriptions(self, method: str, ids: list[str], form: Form) -> Answer:
        if method == "GET":
            if form["customer"] in self.missing:
                return 400, _missing(f"No such customer: '{form['customer']}'", "customer")
            data = [
                self._subscription(number)
                for number, each in enumerate(self.subscriptions, start=1)
                if each["customer"] == form["customer"]
            ]
            return 200, {"object": "list", "data": data}
        if not ids:
            self.subscriptions.append(form)
            return 200, self._subscription(len(self.subscriptions))
        assert form == {"cancel_at_period_end": "true"}
        self.ending += ids
        return 200, self._subscription(int(ids[0].removeprefix("sub_")))

    def _subscription(self, number: int) -> dict[str, Any]:
        id = f"sub_{number}"
        said = {"status": "active", "cancel_at_period_end": id in self.ending}
        return {"id": id, "object": "subscription", **said}

    def _meter(self, form: Form) -> Answer:
        name = form["identifier"]
        if form["payload[stripe_customer_id]"] in self.refused:
            return 400, _error("No such customer.")
        if form["event_name"] in self.refused_meters:
            return 400, _error(f"No active meter found for event name {form['event_name']}.")
        if name in self.events:
            return 400, _error(f"An event already exists with identifier {name}.")
        assert len(form["payload[value]"]) <= 15
        assert len(name) <= 100
        self.events[name] = form
        return 200, {"object": "billing.meter_event", "identifier": name}


@contextmanager
def stripe_server() -> Iterator[StripeServer]:
    """Serve on a free port of loopback."""
    recorded = StripeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            self._answer("GET", path, dict(parse_qsl(query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
            self._answer("POST", self.path, dict(parse_qsl(body)))

        def _answer(self, method: str, path: str, form: Form) -> None:
            recorded.keys.add(self.headers["authorization"])
            recorded.agents.add(self.headers["x-stripe-client-user-agent"])
            if recorded.behind and not path.startswith(OURS):
                self._forward(method, form)
                return
            failure = recorded.failures.pop(0) if recorded.failures else 200
            if failure in (0, 200):
                status, answer = recorded.answer(method, path, form)
            else:
                status, answer = failure, _error("Not now.")
            if failure == 0:
                return
            self.send_response(status)
            if status == 429:
                self.send_header("retry-after", "100")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def _forward(self, method: str, form: Form) -> None:
            """Have localstripe answer."""
            recorded.asked.append((method, self.path, form))
            answer = localstripe_asked(recorded.behind, method, self.path, form)
            self.send_response(answer.status_code)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        recorded.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield recorded
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def localstripe() -> Iterator[str]:
    """Run localstripe on a free port of loopback, without its file in /tmp; its URL."""
    command = [sys.executable, "-c", _LOCALSTRIPE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def localstripe_asked(url: str, method: str, path: str, form: Form | None = None) -> httpx.Response:
    """Ask localstripe, as the owner of the account at Stripe."""
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.request(method, url + path, data=form or None, headers=headers, trust_env=False)


def paid(stripe: StripeServer, *options: str) -> Server:
    """A server that is paid by this Stripe."""
    secrets = {"ATTIMO_STRIPE_SECRET_KEY": KEY, "ATTIMO_STRIPE_WEBHOOK_SECRET": SECRET}
    options = ("--payments", "stripe", "--stripe-api", stripe.url, *options)
    return Server(*options, environment=secrets)


def message(kind: str, about: dict[str, Any], created: int) -> bytes:
    """The body of a message of Stripe."""
    event = {"id": "evt_1", "object": "event", "type": kind, "created": created}
    return json.dumps({**event, "data": {"object": about}}).encode()


def signed(body: bytes, at: int | None = None, secret: str = SECRET) -> str:
    """The header `stripe-signature`, as the package makes it."""
    made: str = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return made


def _error(words: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": words}}


def _missing(words: str, what: str) -> dict[str, Any]:
    known = {"code": "resource_missing", "param": what}
    return {"error": {**_error(words)["error"], **known}}
