"""The server's signing keys over HTTP (not in Momento's API), for its operators only.

Operators are the Owners of the first account, by a key or signed in. Others with `auth_management`
there can list the keys.
"""

from typing import Annotated

from pydantic import Field

from attimo.api.caller import Authenticated
from attimo.api.routing import Router
from attimo.api.schemas import Id, Model

router = Router("/signing-keys", "signing keys")

Force = Annotated[
    bool,
    Field(description="Even if this revokes the last key that can manage the account's keys."),
]


class SigningKeyInfo(Model):
    """A key that verifies tokens; one of them also signs."""

    kid: str
    created_at: int
    signs: bool


class SigningKeyList(Model):
    """All keys that are not retired, the current one first."""

    signing_keys: list[SigningKeyInfo]


class RotatedSigningKey(Model):
    """The new signing key."""

    kid: str


@router.get(operation_id="listSigningKeys")
def list_all(caller: Authenticated) -> SigningKeyList:
    """List the signing keys whose tokens are accepted."""
    from attimo.control import signing

    keys = caller.perform(signing.list_all)
    shown = [
        SigningKeyInfo(kid=key.kid, created_at=key.created_at, signs=key.signs) for key in keys
    ]
    return SigningKeyList(signing_keys=shown)


@router.post(status=201, operation_id="rotateSigningKey")
def rotate(caller: Authenticated) -> RotatedSigningKey:
    """Create a new signing key; tokens of older keys stay valid until those are retired."""
    from attimo.control import signing

    return RotatedSigningKey(kid=caller.perform(signing.rotate).kid)


@router.delete(status=204, operation_id="retireOldSigningKeys", refuses=(412,))
def retire_old(caller: Authenticated, force: Force = False) -> None:
    """Retire all signing keys except the current one, in one step.

    With a key, this is refused if it would revoke the last one that can manage the account's keys,
    unless `force` is set.
    """
    from attimo.control import signing

    caller.perform(signing.retire_old, force)


@router.delete("/{kid}", status=204, operation_id="retireSigningKey", refuses=(404, 412))
def retire(caller: Authenticated, kid: Id, force: Force = False) -> None:
    """Invalidate every token that a signing key signed, of every account. This can't be undone.

    With a key, this is refused if it would revoke the last one that can manage the account's keys,
    unless `force` is set.
    """
    from attimo.control import signing

    caller.perform(signing.retire, kid, force)
