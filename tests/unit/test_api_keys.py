"""API keys and the tokens that their owners hold."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey

from attimo.control import Control, api_keys, signing, tokens
from attimo.control.api_keys import NewApiKey
from attimo.control.tokens import OneAlgorithm
from attimo.errors import InvalidArgument, NoSuchAccount, NoSuchKey
from fakes import NOON, Listener


def create(
    control: Control, account_id: int = 1, description: str = "", expires_at: int | None = None
) -> NewApiKey:
    with control.begin() as tx:
        return api_keys.create(tx, account_id, description, expires_at)


def revoke(control: Control, key_id: str, account_id: int = 1) -> None:
    with control.begin() as tx:
        api_keys.revoke(tx, account_id, key_id)


def ids(control: Control, account_id: int = 1) -> set[str]:
    with control.read() as tx:
        return {key.id for key in api_keys.list_page(tx, account_id, limit=100).items}


def claims(node: Listener, token: str) -> dict[str, Any]:
    """Verify a token with what the node was told, and return what it says."""
    header = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    public = node.verifying_keys[header["kid"]].public_key
    text = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": text})
    return jwt.decode(token, key, registry=OneAlgorithm()).claims


def test_a_new_key_is_a_token_that_the_node_can_verify(control: Control, node: Listener) -> None:
    made = create(control, description="for tests", expires_at=NOON + 60)

    assert claims(node, made.token) == {
        "t": "g",
        "id": made.key.id,
        "acc": 1,
        "iat": NOON,
        "exp": NOON + 60,
    }
    assert node.api_keys[made.key.id].expires_at == NOON + 60


def test_a_key_for_ever_says_nothing_of_its_end(control: Control, node: Listener) -> None:
    made = create(control)

    assert "exp" not in claims(node, made.token)
    assert node.api_keys[made.key.id].expires_at is None


def test_the_header_names_the_algorithm_that_verifiers_know(control: Control) -> None:
    header = create(control).token.partition(".")[0]

    with control.begin() as tx:
        kid = signing.current(tx).kid
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {
        "alg": "EdDSA",
        "typ": "JWT",
        "kid": kid,
    }


def test_no_other_algorithm_is_known() -> None:
    for name in ("none", "HS256", "Ed25519", "RS256"):
        with pytest.raises(UnsupportedAlgorithmError):
            OneAlgorithm().get_alg(name)


def test_a_token_that_was_changed_does_not_verify(control: Control, node: Listener) -> None:
    header, body, signature = create(control).token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "==")) | {"acc": 2}
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    with pytest.raises(BadSignatureError):
        claims(node, f"{header}.{forged}.{signature}")


def test_a_v1_token_holds_the_endpoint_and_the_same_key() -> None:
    wrapped = tokens.v1_token("localhost:8443", "a.b.c")

    assert json.loads(base64.b64decode(wrapped)) == {
        "endpoint": "localhost:8443",
        "api_key": "a.b.c",
    }


def test_a_revoked_key_is_refused_at_once(control: Control, node: Listener) -> None:
    made = create(control)
    revoke(control, made.key.id)

    assert made.key.id not in node.api_keys
    assert ids(control) == set()
    with pytest.raises(NoSuchKey):
        revoke(control, made.key.id)


def test_an_account_sees_its_own_keys_only(control: Control, node: Listener) -> None:
    made = create(control, account_id=1)

    assert ids(control, account_id=2) == set()
    with pytest.raises(NoSuchKey):
        revoke(control, made.key.id, account_id=2)
    assert made.key.id in node.api_keys


def test_keys_come_in_pages(control: Control) -> None:
    made = {create(control).key.id for _ in range(3)}

    with control.read() as tx:
        first = api_keys.list_page(tx, 1, limit=2)
        second = api_keys.list_page(tx, 1, limit=2, next_token=first.next_token)

    assert {key.id for key in first.items + second.items} == made
    assert second.next_token is None


def test_a_description_may_have_256_characters(control: Control) -> None:
    assert create(control, description="ä" * 256).key.description == "ä" * 256
    with pytest.raises(InvalidArgument, match="description must be at most 256"):
        create(control, description="ä" * 257)


@pytest.mark.parametrize("expires_at", [NOON, NOON - 1, 0, -1, 253_402_300_800])
def test_an_expiry_that_is_not_ahead_is_refused(control: Control, expires_at: int) -> None:
    with pytest.raises(InvalidArgument, match="expiry must be in the future"):
        create(control, expires_at=expires_at)


def test_a_key_needs_an_account(control: Control, node: Listener) -> None:
    with pytest.raises(NoSuchAccount):
        create(control, account_id=3)
    assert node.api_keys == {}


def test_all_keys_are_signed_by_one_pair_until_there_is_a_newer(
    control: Control, node: Listener
) -> None:
    create(control)
    create(control)
    assert len(node.verifying_keys) == 1

    with control.begin() as tx:
        newer = signing.create(tx)
    token = create(control).token

    assert len(node.verifying_keys) == 2
    assert (
        f'"kid":"{newer.kid}"' in base64.urlsafe_b64decode(token.partition(".")[0] + "==").decode()
    )


def test_secrets_are_neither_shown_nor_kept(control: Control) -> None:
    made = create(control)
    with control.begin() as tx:
        key = signing.current(tx)
        kept = tx.db.rows("SELECT * FROM api_keys")

    assert made.token not in repr(made)
    assert repr(key.private_key) not in repr(key)
    assert made.token.rpartition(".")[2] not in repr(kept)
