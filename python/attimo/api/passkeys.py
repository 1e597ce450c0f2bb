"""What browsers and the server say to each other about passkeys (WebAuthn level 3).

Each use answers a challenge, which is good once and for five minutes. The names that a passkey is
bound to are those of the configured endpoint, whatever host a request names.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

from attimo.api.people import People
from attimo.control import passkeys
from attimo.control.callers import Visitor
from attimo.control.sessions import NewSession, Session
from attimo.errors import AttimoError, Unauthenticated

NAME = "Attimo"
"""What authenticators show as the name of the server."""
ANYBODY = 0
"""In place of the ID of the user that a challenge is for, when somebody signs in."""


def origin(people: People) -> str:
    """The only origin whose pages can use passkeys; empty if its host is no name."""
    host = _host(people)
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return f"https://{people.endpoint}"
    return ""


def begin_adding(visitor: Visitor, people: People, session: Session) -> dict[str, Any]:
    """Return what a browser needs to make a passkey of a session's user."""
    from webauthn import generate_registration_options
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    known = visitor.perform(passkeys.list_own, session.user_id)
    options = generate_registration_options(
        rp_id=_host(people),
        rp_name=NAME,
        user_id=f"user-{session.user_id}".encode(),
        user_name=session.email,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.id) for each in known],
    )
    return _asked(people, options, session.user_id)


def finish_adding(
    visitor: Visitor, people: People, session: Session, ticket: str, credential: str, name: str
) -> None:
    """Add the passkey that a browser has made.

    Raises:
        Unauthenticated: It is not the answer to the challenge of the ticket, or its user was not
            verified.
        Exception: Those of `passkeys.add`.
    """
    from webauthn import verify_registration_response

    challenge = _challenge(people, ticket, session.user_id)
    with _verifying():
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(people),
            expected_origin=origin(people),
            require_user_verification=True,
        )
    visitor.perform(
        passkeys.add,
        session.user_id,
        name,
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
    )


def begin_entering(visitor: Visitor, people: People) -> dict[str, Any]:
    """Return what a browser needs to sign in with any passkey of this server.

    Raises:
        TooManyAttempts: It was asked for too often from here.
    """
    from webauthn import generate_authentication_options
    from webauthn.helpers.structs import UserVerificationRequirement

    people.throttle.attempt_at_all("passkey", visitor.peer)
    options = generate_authentication_options(
        rp_id=_host(people), user_verification=UserVerificationRequirement.REQUIRED
    )
    return _asked(people, options, ANYBODY)


def enter(visitor: Visitor, people: People, ticket: str, credential: str) -> NewSession:
    """Begin a session of the user of a passkey.

    Raises:
        Unauthenticated: It is not the answer to the challenge of the ticket, its user was not
            verified, or the passkey is unknown or was copied.
        TooManyAttempts: It was tried too often from here.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import parse_authentication_credential_json

    people.throttle.attempt("passkey", visitor.peer)
    challenge = _challenge(people, ticket, ANYBODY)
    with _verifying():
        said = parse_authentication_credential_json(credential)
    known = visitor.perform(passkeys.of_id, said.raw_id)
    with _verifying():
        used = verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=_host(people),
            expected_origin=origin(people),
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    made = visitor.perform(passkeys.enter, known.id, used.new_sign_count)
    people.throttle.succeeded("passkey", visitor.peer)
    return made


def _asked(people: People, options: Any, user_id: int) -> dict[str, Any]:
    from webauthn import options_to_json

    ticket = people.challenges.put((options.challenge, user_id))
    return {"ticket": ticket, "options": json.loads(options_to_json(options))}


def _challenge(people: People, ticket: str, user_id: int) -> bytes:
    found = people.challenges.take(ticket)
    if found is None or found[1] != user_id:
        raise Unauthenticated("It took too long: try again")
    return found[0]


@contextmanager
def _verifying() -> Iterator[None]:
    """Refuse an answer that is wrong or malformed.

    Whatever is raised is refused: of malformed bytes, several libraries raise errors of their own.
    """
    try:
        yield
    except AttimoError:
        raise
    except Exception as error:
        raise Unauthenticated("The passkey was not accepted: try again") from error


def _host(people: People) -> str:
    if people.endpoint.startswith("["):
        return people.endpoint.partition("]")[0] + "]"
    return people.endpoint.partition(":")[0]
