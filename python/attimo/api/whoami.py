"""Who the sender of a request is (not in Momento's API); any valid credential may ask."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ConfigDict
from starlette.requests import Request

from attimo import grant_text
from attimo.api.caller import TOKEN_HEADER, Anyone, of_request
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.control import whoami
from attimo.control.callers import SessionHolder, Visitor
from attimo.control.whoami import Identity

router = Router("/whoami", "people")

_EXAMPLE: dict[str, Any] = {
    "kind": "api_key",
    "id": "dd7f6add2a0c7ecf67db95e3",
    "description": "the shop",
    "account": {"account_id": 1, "name": "default"},
    "role": {"role_id": "3c1a0f7be2d94c5b8e6f7a10", "role_name": "flask-app"},
    "permissions": {
        "rules": [
            {
                "type": "cache",
                "permissions": ["read"],
                "caches": {"name": "prod"},
                "items": "*",
            }
        ]
    },
    "allowed": ["read:prod"],
    "issued_at": "2026-01-31T12:00:00Z",
    "expires_at": "2026-05-01T12:00:00Z",
    "made_by": "ann@example.com",
}


class OwnAccount(Model):
    """The account that requests are about."""

    account_id: int
    name: str


class OwnRole(Model):
    """The role of a key or a member."""

    role_id: str
    role_name: str


class WhoAmI(Model):
    """A credential, and what it permits now; times in ISO 8601, in UTC.

    `id` is that of the key or the user, or the `token_id` of a token. A token has no `role`: its
    `permissions` are those that it was created with, as far as its creator still has them.
    `allowed` has the same rules as the command line writes them. `conditions` in `permissions`
    limit the addresses of requests. Without `expires_at` it never expires. `made_by` is the e-mail
    address of the member who created it, `made_by_key_id` the key with which it was created.
    `local` is the owner of a server started with `--local`, who needs no credential.
    """

    model_config = ConfigDict(defer_build=True, json_schema_extra={"examples": [_EXAMPLE]})

    kind: Literal["api_key", "token", "session", "local"]
    id: str | None = None
    description: str | None = None
    email: str | None = None
    account: OwnAccount | None = None
    role: OwnRole | None = None
    permissions: dict[str, Any]
    allowed: list[str]
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    made_by: str | None = None
    made_by_key_id: str | None = None


@router.get(operation_id="whoAmI")
def show(visitor: Anyone, request: Request) -> WhoAmI:
    """Show who the caller is, and with which permissions.

    Needs no permission: an API key, a disposable token and a session can ask about themselves.
    """
    found = _found(visitor, request)
    account, role, held = found.account, found.role, found.permissions.dump()
    return WhoAmI(
        kind=found.kind,
        id=found.id,
        description=found.description,
        email=found.email,
        account=OwnAccount(account_id=account.id, name=account.name) if account else None,
        role=OwnRole(role_id=role.id, role_name=role.name) if role else None,
        permissions=held,
        allowed=[grant_text.shown(rule) for rule in held["rules"]],
        issued_at=_moment(found.issued_at),
        expires_at=_moment(found.expires_at),
        made_by=found.made_by,
        made_by_key_id=found.made_by_key_id,
    )


def _found(visitor: Visitor, request: Request) -> Identity:
    claims = request.headers.get(TOKEN_HEADER)
    if claims is not None:
        return visitor.perform(whoami.of_token, whoami.claims_of(claims))
    caller = of_request(request.app.state.control, request)
    if isinstance(caller, SessionHolder):
        return visitor.perform(whoami.of_session, caller.session)
    return caller.perform(whoami.of_key)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
