"""Errors of requests: what a caller can do, and the words that programs compare."""

from typing import ClassVar


class AttimoError(Exception):
    """A request that cannot be carried out; the message is for the caller.

    Attributes:
        status: The HTTP status.
        code: A stable word in snake case, for programs.
        title: The kind of problem in a few words, if the status's name is not enough.
        err: A stable word for the cause; several causes may share one `code`. The first line of a
            class's docstring, or its parent's, is what the reference says about it. An instance has
            one of its own if it repeats what a server said.
        remedy: What the caller can do, for the reference.
    """

    status: int = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = ""
    err: str = "internal_error"
    remedy: ClassVar[str] = (
        "Report it with the `x-request-id` of the response; the server's log has the details under "
        "it."
    )


class InvalidArgument(AttimoError):
    """A field is invalid; the message names the field and its rule."""

    status = 400
    code = "invalid_argument"
    err = "invalid_argument"
    remedy = "The message names the field and what is allowed; change the request."


class InvalidName(InvalidArgument):
    """The name of a cache is not valid."""

    err = "invalid_name"
    remedy = "Choose a name that follows the rule in the message."

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{shown(name)} is not a cache name: {rule}")


class Unauthenticated(AttimoError):
    """The token or session is invalid, expired or revoked, or of another server."""

    status = 401
    code = "unauthenticated"
    err = "invalid_token"
    remedy = "Create a new key or token on this server, or sign in again."


class NoToken(Unauthenticated):
    """The request has no API key, token or session."""

    err = "missing_token"
    remedy = "Send the key in the `authorization` header, or sign in, as the message says."


class WrongPassword(Unauthenticated):
    """The e-mail address or the password is wrong."""

    err = "wrong_password"
    remedy = "Try again, or ask for a new password with `POST /password/forgotten`."


class CodeNeeded(Unauthenticated):
    """The password is right, and the user has a second factor: its code is missing."""

    err = "code_needed"
    remedy = "Send a code of the authenticator app, or a recovery code, as `code`, too."

    def __init__(self) -> None:
        super().__init__("Send a code of your authenticator app, or a recovery code, too (code)")


class WrongCode(Unauthenticated):
    """The code of the authenticator app, or the recovery code, is wrong or was used."""

    err = "wrong_code"
    remedy = "Wait for the next code of the app, whose clock must be right, or use a recovery code."

    def __init__(self) -> None:
        super().__init__("The code is wrong or was used already: wait for the next one")


class PermissionDenied(AttimoError):
    """The key, token or session is valid, but lacks the permission."""

    status = 403
    code = "permission_denied"
    err = "permission_denied"
    remedy = (
        "Use a key whose role allows it, or ask somebody who manages roles; `attimo whoami` "
        "shows what a key may do."
    )


class AccountSuspended(PermissionDenied):
    """The caller's account is suspended; the data plane says so in the same words."""

    err = "account_suspended"
    remedy = "Ask the operator."

    def __init__(self) -> None:
        super().__init__(
            "Account suspended: this server's operator has suspended the account; ask them"
        )


class NotFound(AttimoError):
    """What the request names does not exist."""

    status = 404
    code = "not_found"
    err = "not_found"
    remedy = "Check the name or id, and that the key is of the right account."


class PathNotFound(NotFound):
    """The API has no such path."""

    err = "path_not_found"
    remedy = "Check the path in the API reference."


class AlreadyExists(AttimoError):
    """The name is already taken."""

    status = 409
    code = "already_exists"
    err = "already_exists"
    remedy = "Choose another name, or use what exists."


class AccountExists(AlreadyExists):
    """An account of that name exists already."""

    err = "account_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is an account {shown(name)} already")


class CacheExists(AlreadyExists):
    """A cache of that name exists already."""

    err = "cache_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a cache {shown(name)} already")


class RoleExists(AlreadyExists):
    """A role of that name exists already."""

    err = "role_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a role {shown(name)} already")


class PlanExists(AlreadyExists):
    """A plan of that name exists already."""

    err = "plan_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a plan {shown(name)} already")


class UserExists(AlreadyExists):
    """A user with that e-mail address exists already."""

    err = "user_exists"
    remedy = "Sign in, or ask for a new password."

    def __init__(self, email: str) -> None:
        super().__init__(f"There is a user {shown(email)} already: sign in")


class MemberExists(AlreadyExists):
    """The person is a member of the account already."""

    err = "member_exists"
    remedy = "Change the role of the member instead."

    def __init__(self, email: str) -> None:
        super().__init__(f"{shown(email)} is a member already")


class FailedPrecondition(AttimoError):
    """Something else must be changed first; nothing was changed."""

    status = 412
    code = "failed_precondition"
    err = "failed_precondition"
    remedy = "The message says what must be changed first."


class RoleIsFixed(FailedPrecondition):
    """The role belongs to the system and cannot be changed."""

    err = "role_is_fixed"
    remedy = "Create a role of your own with the permissions that you need."

    def __init__(self, name: str) -> None:
        super().__init__(f"The role {shown(name)} belongs to the system and cannot be changed")


class PlanInUse(FailedPrecondition):
    """Accounts have the plan, so it cannot be deleted without a successor."""

    err = "plan_in_use"
    remedy = "Name a successor, which these accounts get."

    def __init__(self, name: str, accounts: int) -> None:
        super().__init__(
            f"The plan {shown(name)} is that of {accounts} account{'s' * (accounts != 1)}: name "
            "the next one in successor"
        )


class PlanIsFixed(FailedPrecondition):
    """The server needs the plan as it is."""

    err = "plan_is_fixed"
    remedy = "Create a plan of your own, or override limits of single accounts."

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"The plan {shown(name)} {why}")


class Unimplemented(AttimoError):
    """The server does not implement this."""

    status = 501
    code = "unimplemented"
    err = "not_implemented"
    remedy = "The message says what is possible instead."


class MethodNotAllowed(Unimplemented):
    """The path has no such method."""

    status = 405
    err = "method_not_allowed"
    remedy = "Use one of those in the `Allow` header."


class Exhausted(AttimoError):
    """The account has as many as it may have.

    `retry_after` is in seconds, if time helps.
    """

    status = 429
    code = "resource_exhausted"
    err = "quota_exceeded"
    remedy = "Delete what is no longer needed, or ask the operator."
    retry_after: int | None = None


class TooManyAttempts(Exhausted):
    """Too many attempts; `retry_after` is in seconds."""

    err = "too_many_attempts"
    remedy = "Wait for the time in `Retry-After`; check the password or token."
    retry_after: int

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts; try again in {retry_after} s")
        self.retry_after = retry_after


class TooMuchMail(TooManyAttempts):
    """Too much e-mail; `limit` is the limit in words, `retry_after` is in seconds."""

    err = "too_much_mail"
    remedy = "Wait for the time in `Retry-After`."

    def __init__(self, limit: str, retry_after: int) -> None:
        super(TooManyAttempts, self).__init__(f"{limit}; try again in {retry_after} s")
        self.retry_after = retry_after


class Busy(Exhausted):
    """Too much at once, or too many control requests of an account in a second."""

    err = "operations_rate_limit_exceeded"
    remedy = "Retry after the time in `Retry-After`."
    retry_after = 1

    def __init__(self, why: str = "Too many operations are in flight") -> None:
        super().__init__(f"{why}; try again in {self.retry_after} s")


class StoreUnavailable(AttimoError):
    """The database failed (a full disk, a lock held too long); nothing was changed."""

    status = 503
    code = "unavailable"
    err = "store_unavailable"
    remedy = "Retry; if it persists, the server's log has the reason."


class FileUnavailable(AttimoError):
    """A file of the server, such as its root certificate, cannot be read."""

    status = 503
    code = "unavailable"
    err = "file_unavailable"
    remedy = "Tell the operator; the server's log names the file."

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} cannot be read; the server's log says why")


class PaymentsUnavailable(AttimoError):
    """The provider of payments does not answer now; nothing was changed.

    `retry_after` is in seconds, if the provider said how long to wait.
    """

    status = 503
    code = "unavailable"
    err = "payments_unavailable"
    remedy = "Retry; if it persists, the server's log has the reason."
    words: ClassVar[str] = "The provider of payments does not answer now; try again"

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__(self.words)
        self.retry_after = retry_after


class PaymentsRefused(PaymentsUnavailable):
    """The provider of payments has refused a request of this server, and would do so again."""

    err = "payments_refused"
    remedy = "Tell the operator; the server's log has the reason."
    words = "The provider of payments has refused this; the server's log says why"


class Unreachable(AttimoError):
    """The command line cannot reach the server, or it does not answer."""

    status = 503
    code = "unavailable"


def shown(name: str) -> str:
    """A name in a message, with quotes; a long one is cut."""
    return repr(name if len(name) <= 255 else name[:255] + "…")
