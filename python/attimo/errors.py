"""Every way a request can fail, told apart by what the caller can do about it.

* AttimoError
  + InvalidArgument        mend the request
    - InvalidName
  + Unauthenticated        show a token that is valid
  + PermissionDenied       ask somebody who may
  + NotFound               name something that exists
    - NoSuchAccount
    - NoSuchCache
    - NoSuchKey
    - NoSuchRole
    - NoSuchSigningKey
    - NoSuchMember
    - NoSuchInvitation
  + AlreadyExists          choose another name
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
  + StoreUnavailable       try again; the operator reads why
  + Misconfigured          the operator mends a setting or the installation
    - InvalidSetting
    - UnknownSetting
    - DatabaseTooNew
    - SqliteTooOld

A door turns an error into its own words by `status`, `code` and `str(error)` alone: HTTP sends
`status`, gRPC sends the number that belongs to `code`, the command line prints the message and
exits with 1. What is not an AttimoError is a bug: it is logged with its trace and answered 500.
"""

import re
from typing import ClassVar


class AttimoError(Exception):
    """A request that cannot be carried out; the message is fit for the caller.

    Attributes:
        status: The HTTP status.
        code: A word in snake case that never changes, for programs.
        title: The kind of problem in a few words, where the name of the status says too little.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = ""


class InvalidArgument(AttimoError):
    """A field breaks its rule; the message names the field and the rule."""

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
    """Too many tries in too short a time; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts; try again in {retry_after} s")
        self.retry_after = retry_after


class TooMuchMail(TooManyAttempts):
    """More e-mail than may be sent; `limit` says in words how much, `retry_after` is in seconds."""

    def __init__(self, limit: str, retry_after: int) -> None:
        super(TooManyAttempts, self).__init__(f"{limit}; try again in {retry_after} s")
        self.retry_after = retry_after


class Busy(Exhausted):
    """More is asked for than can be done; `retry_after` is in seconds."""

    def __init__(self) -> None:
        super().__init__("Too many operations are under way; try again")
        self.retry_after = 1


class StoreUnavailable(AttimoError):
    """The database did not do its work (a full disk, a lock held too long); nothing was changed."""

    status = 503
    code = "unavailable"


class Misconfigured(AttimoError):
    """The server cannot start as it is set up."""

    code = "misconfigured"


class InvalidSetting(Misconfigured):
    """`value` is what was said, or None for what no message may repeat."""

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
    """A value with an ellipsis for what may be the password in an address."""
    shown = repr(value if not isinstance(value, str) else value[:255])
    return re.sub(r"((?:://|^')[^:@/']*):(?!//)[^']*@", r"\1:…@", shown)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 255 else name[:255] + "…")
