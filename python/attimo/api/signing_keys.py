"""The keys that sign this server's tokens, over HTTP [ours]: for the server's operator alone.

The operator is whoever is an Owner of the first account, by a key or signed in. Others with
`auth_management` there may look.
"""

from typing import Annotated

from pydantic import Field

from attimo.api.caller import Asking, Caller, Plane, act, look
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.errors import PermissionDenied

router = Router("/signing-keys", "signing keys")

Force = Annotated[
    bool,
    Field(description="Even if this revokes the last key that can manage the account's keys."),
]


class Shown(Model):
    """A key that verifies tokens; one of them also signs."""

    kid: str
    created_at: int
    signs: bool


class Listed(Model):
    """All keys that are not retired, the current one first."""

    signing_keys: list[Shown]


class Rotated(Model):
    """The new signing key."""

    kid: str


@router.get(operation_id="listSigningKeys")
def list_all(plane: Plane, caller: Asking) -> Listed:
    """List the signing keys whose tokens are accepted."""
    from attimo.control import signing

    _check_account(caller)
    with look(plane, caller, "auth_management", "list") as tx:
        keys = signing.list_all(tx)
    shown = [Shown(kid=key.kid, created_at=key.created_at, signs=key.signs) for key in keys]
    return Listed(signing_keys=shown)


@router.post(status=201, operation_id="rotateSigningKey")
def rotate(plane: Plane, caller: Asking) -> Rotated:
    """Create a new signing key; tokens of older keys stay valid until those are retired."""
    from attimo.control import signing

    _check_account(caller)
    with act(plane, caller, "auth_management", "write") as tx:
        return Rotated(kid=signing.rotate(tx).kid)


@router.delete(status=204, operation_id="retireOldSigningKeys", refuses=(412,))
def retire_old(plane: Plane, caller: Asking, force: Force = False) -> None:
    """Retire all signing keys except the current one, in one step.

    With a key, this is refused if it would revoke the last one that can manage the account's keys,
    unless `force` is set.
    """
    from attimo.control import signing

    _check_account(caller)
    with act(plane, caller, "auth_management", "write") as tx:
        signing.retire_old(tx, force)


@router.delete("/{kid}", status=204, operation_id="retireSigningKey", refuses=(404, 412))
def retire(plane: Plane, caller: Asking, kid: str, force: Force = False) -> None:
    """Invalidate every token that a signing key signed, of every account. This can't be undone.

    With a key, this is refused if it would revoke the last one that can manage the account's keys,
    unless `force` is set.
    """
    from attimo.control import signing

    _check_account(caller)
    with act(plane, caller, "auth_management", "write") as tx:
        signing.retire(tx, kid, force)


def _check_account(caller: Caller) -> None:
    from attimo.control import signing

    if caller.account_id != signing.SERVER:
        raise PermissionDenied("Only the account of this server's operator may do this")
