"""One order from a certificate authority, by ACME (RFC 8555) with HTTP-01 challenges.

Its libraries take half a second and 30 MB, so this is imported when a certificate is ordered.
"""

import logging
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from acme import challenges, crypto_util, errors, messages
from acme.client import ClientNetwork, ClientV2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from josepy.errors import Error as JoseError
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from attimo import __version__, files
from attimo.certificates import pair
from attimo.errors import Misconfigured

VALIDATION = timedelta(seconds=120)
ISSUANCE = timedelta(seconds=120)
LOOK_EVERY_SECONDS = 1.0
TIMEOUT_SECONDS = 30
NONCE_TRIES = 10
"""The most attempts for one request; the library retries each once by itself."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate from an authority.

    Attributes:
        chain: The certificate and its issuers', in PEM.
        private_key: Its key, in PEM.
    """

    chain: str
    private_key: str


@dataclass(frozen=True, slots=True)
class Orders:
    """An account with an authority.

    Attributes:
        directory: The authority's URL.
        email: The contact address.
        root: The root of the authority's own server, if the system does not trust it.
        account: The file with the account's key; created if it is missing.
        answers: The responses to challenges by token, which the app serves.
    """

    directory: str
    email: str | None
    root: Path | None
    account: Path
    answers: MutableMapping[str, str]

    def order(self, names: list[str]) -> IssuedCertificate:
        """Order a certificate for those of these names that the authority can validate.

        Raises:
            Misconfigured: The authority cannot be reached, or can validate none of the names.
                The message has the reason.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        with _in_words(self.directory):
            try:
                signed = self._signed(self._client(), key, names)
            finally:
                self.answers.clear()
        return IssuedCertificate(signed, _pem(key))

    def _signed(self, client: ClientV2, key: ec.EllipticCurvePrivateKey, names: list[str]) -> str:
        order = self._place_order(client, key, names)
        refused = dict(_refused(client, order.authorizations))
        for name, why in refused.items():
            log.warning("the authority does not certify %s: %s", name, why)
        if refused:
            # An order fails with one refused name; a new one reuses the validations of the others.
            left = [name for name in names if name not in refused]
            if not left:
                raise Misconfigured(f"{self.directory} certifies none of {', '.join(names)}")
            order = self._place_order(client, key, left)
        return str(client.poll_and_finalize(order, datetime.now() + ISSUANCE).fullchain_pem)

    def _client(self) -> ClientV2:
        """Return a client with the existing account or a new one."""
        key = JWKEC(key=self._account_key())
        net = _Network(
            key,
            alg=ES256,
            user_agent=f"attimo/{__version__}",
            timeout=TIMEOUT_SECONDS,
            verify_ssl=str(self.root) if self.root else True,  # type: ignore[arg-type]
        )
        client = ClientV2(ClientV2.get_directory(self.directory, net), net)
        wanted = messages.NewRegistration.from_data(email=self.email, terms_of_service_agreed=True)
        try:
            client.new_account(wanted)
        except errors.ConflictError as known:
            net.account = messages.RegistrationResource(uri=known.location)
        return client

    def _account_key(self) -> ec.EllipticCurvePrivateKey:
        if not self.account.exists():
            files.write(self.account, _pem(ec.generate_private_key(ec.SECP256R1())))
        key = pair.private_key(self.account, pair.text(self.account))
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Misconfigured(f"{self.account} is not the key of an elliptic curve")
        return key

    def _place_order(
        self, client: ClientV2, key: ec.EllipticCurvePrivateKey, names: list[str]
    ) -> messages.OrderResource:
        """Begin an order, and provide the responses to its challenges."""
        order = client.new_order(crypto_util.make_csr(_pem(key).encode(), names))
        for each in order.authorizations:
            if each.body.status == messages.STATUS_PENDING:
                self._answer(client, each)
        return order

    def _answer(self, client: ClientV2, authorization: messages.AuthorizationResource) -> None:
        for each in authorization.body.challenges:
            if isinstance(each.chall, challenges.HTTP01):
                answer, text = each.chall.response_and_validation(client.net.key)
                self.answers[each.chall.encode("token")] = text
                client.answer_challenge(each, answer)
                return
        name = authorization.body.identifier.value
        raise Misconfigured(f"the authority offers no challenge over HTTP for {name}")


class _Network(ClientNetwork):
    """Repeats a request until its nonce is accepted (RFC 8555 §6.5).

    Authorities lose nonces at a restart, or have several servers that do not share them. A request
    with a rejected nonce was not processed.
    """

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a signed request.

        Raises:
            acme.messages.Error: The authority rejects it, or NONCE_TRIES nonces.
        """
        for left in reversed(range(NONCE_TRIES)):
            try:
                return super().post(*args, **kwargs)
            except messages.Error as error:
                if error.code != "badNonce" or not left:
                    raise
        raise AssertionError("the last try returns or raises")


def _refused(
    client: ClientV2, authorizations: list[messages.AuthorizationResource]
) -> Iterator[tuple[str, str]]:
    """Wait for the validations; return the names that failed, and why."""
    until = time.monotonic() + VALIDATION.total_seconds()
    for each in authorizations:
        now, _ = client.poll(each)
        while now.body.status == messages.STATUS_PENDING and time.monotonic() < until:
            time.sleep(LOOK_EVERY_SECONDS)
            now, _ = client.poll(now)
        if now.body.status != messages.STATUS_VALID:
            said = [str(one.error.detail) for one in now.body.challenges if one.error]
            yield now.body.identifier.value, "; ".join(said) or "it did not answer in time"


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@contextmanager
def _in_words(directory: str) -> Iterator[None]:
    """Turn the libraries' errors into one line.

    Raises:
        Misconfigured: A library raised an error.
    """
    try:
        yield
    except messages.Error as error:
        raise Misconfigured(f"{directory} refuses: {error.detail or error.typ}") from error
    except errors.ValidationError as error:
        raise Misconfigured(f"{directory} could not validate a name: {error}") from error
    except errors.TimeoutError as error:
        raise Misconfigured(f"{directory} does not answer in time") from error
    except (errors.Error, JoseError, requests.RequestException) as error:
        raise Misconfigured(f"{directory} cannot be used: {error}") from error
