"""Every error of a request, by what the caller can do about it.

* AttimoError
  + InvalidArgument        fix the request
    - InvalidName
  + Unauthenticated        use a valid token
  + PermissionDenied       ask for the permission
    - AccountSuspended     ask the operator
  + NotFound               name something that exists
    - NoSuchAccount
    - NoSuchCache
    - NoSuchKey
    - NoSuchRole
    - NoSuchSigningKey
    - NoSuchMember
    - NoSuchInvitation
  + AlreadyExists          choose another name
    - AccountExists
    - CacheExists
    - RoleExists
    - UserExists
    - MemberExists
  + FailedPrecondition     change something else first
    - RoleIsFixed
  + Unimplemented          ask for something else
  + Exhausted              ask the operator for more
    - TooManyAttempts
      - TooMuchMail
    - Busy
  + StoreUnavailable       try again; the operator's log says why
  + Unreachable            check the address, and that the server runs
  + Misconfigured          the operator fixes a setting or the installation
    - InvalidSetting
    - UnknownSetting
    - DatabaseTooNew
    - SqliteTooOld

A handler translates an error by `status`, `code` and `str(error)` alone: HTTP sends `status`, gRPC
the number for `code`, and the command line prints the message and exits with a status of its own.
Any other exception is a bug: it is logged with its trace and answered with 500.
"""

import re
from typing import ClassVar


class AttimoError(Exception):
    """A request that cannot be carried out; the message is for the caller.

    Attributes:
        status: The HTTP status.
        code: A stable word in snake case, for programs.
        title: The kind of problem in a few words, if the status's name is not enough.
        err: A word for programs that tells this problem from others with the same code.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = ""
    err: ClassVar[str | None] = None


class InvalidArgument(AttimoError):
    """A field is invalid; the message names the field and its rule."""

    status = 400
    code = "invalid_argument"


class InvalidName(InvalidArgument):
    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{_shown(name)} is not a cache name: {rule}")


class Unauthenticated(AttimoError):
    status = 401
    code = "unauthenticated"


class PermissionDenied(AttimoError):
    status = 403
    code = "permission_denied"


class AccountSuspended(PermissionDenied):
    """The caller's account is suspended; the data plane says so in the same words."""

    err = "account_suspended"

    def __init__(self) -> None:
        super().__init__(
            "Account suspended: this server's operator has suspended the account; ask them"
        )


class NotFound(AttimoError):
    status = 404
    code = "not_found"


class NoSuchAccount(NotFound):
    def __init__(self, account_id: int) -> None:
        super().__init__(f"There is no account {account_id}")


class NoSuchCache(NotFound):
    title = "Cache Not Found"

    def __init__(self, name: str) -> None:
        super().__init__(f"Cache not found: there is no cache {_shown(name)}")


class NoSuchKey(NotFound):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no API key {_shown(key_id)}")


class NoSuchRole(NotFound):
    def __init__(self, role_id: str) -> None:
        super().__init__(f"There is no role {_shown(role_id)}")


class NoSuchSigningKey(NotFound):
    def __init__(self, kid: str) -> None:
        super().__init__(f"There is no signing key {_shown(kid)}")


class NoSuchMember(NotFound):
    def __init__(self, user_id: int) -> None:
        super().__init__(f"The account has no member {user_id}")


class NoSuchInvitation(NotFound):
    def __init__(self, invitation_id: str) -> None:
        super().__init__(f"There is no invitation {_shown(invitation_id)}")


class AlreadyExists(AttimoError):
    status = 409
    code = "already_exists"


class AccountExists(AlreadyExists):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is an account {_shown(name)} already")


class CacheExists(AlreadyExists):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is a cache {_shown(name)} already")


class RoleExists(AlreadyExists):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is a role {_shown(name)} already")


class UserExists(AlreadyExists):
    def __init__(self, email: str) -> None:
        super().__init__(f"There is a user {_shown(email)} already: sign in")


class MemberExists(AlreadyExists):
    def __init__(self, email: str) -> None:
        super().__init__(f"{_shown(email)} is a member already")


class FailedPrecondition(AttimoError):
    status = 412
    code = "failed_precondition"


class RoleIsFixed(FailedPrecondition):
    def __init__(self, name: str) -> None:
        super().__init__(f"The role {_shown(name)} belongs to the system and cannot be changed")


class Unimplemented(AttimoError):
    status = 501
    code = "unimplemented"


class Exhausted(AttimoError):
    status = 429
    code = "resource_exhausted"


class TooManyAttempts(Exhausted):
    """Too many attempts; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts; try again in {retry_after} s")
        self.retry_after = retry_after


class TooMuchMail(TooManyAttempts):
    """Too much e-mail; `limit` is the limit in words, `retry_after` is in seconds."""

    def __init__(self, limit: str, retry_after: int) -> None:
        super(TooManyAttempts, self).__init__(f"{limit}; try again in {retry_after} s")
        self.retry_after = retry_after


class Busy(Exhausted):
    """Too much at once; `retry_after` is in seconds."""

    def __init__(self) -> None:
        super().__init__("Too many operations are in flight; try again")
        self.retry_after = 1


class StoreUnavailable(AttimoError):
    """The database failed (a full disk, a lock held too long); nothing was changed."""

    status = 503
    code = "unavailable"


class Unreachable(AttimoError):
    """The command line cannot reach the server, or it does not answer."""

    status = 503
    code = "unavailable"


class Misconfigured(AttimoError):
    """The server cannot start with this configuration."""

    code = "misconfigured"


class InvalidSetting(Misconfigured):
    """`value` is what was set, or None if messages must not repeat it."""

    def __init__(self, source: str, value: object, allowed: str) -> None:
        said = "is something else" if value is None else f"is {_masked(value)}"
        super().__init__(f"{source} {said}, but must be {allowed}")


class UnknownSetting(Misconfigured):
    def __init__(self, source: str, nearest: str | None) -> None:
        hint = f"; did you mean {nearest}?" if nearest else ""
        super().__init__(f"{source} is not a setting{hint}")


class DatabaseTooNew(Misconfigured):
    def __init__(self, path: str, found: str, known: str) -> None:
        super().__init__(
            f"{path} was written by a newer Attimo (schema {found}, this one knows {known}): "
            "install that version, or choose another data directory"
        )


class SqliteTooOld(Misconfigured):
    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"SQLite {found} can damage a database in WAL mode; {needed} or later is needed: "
            "install the package pysqlite3 again"
        )


def _masked(value: object) -> str:
    """A value, with an ellipsis for what may be a password in a URL."""
    shown = repr(value if not isinstance(value, str) else value[:255])
    return re.sub(r"((?:://|^')[^:@/']*):(?!//)[^']*@", r"\1:…@", shown)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 255 else name[:255] + "…")
