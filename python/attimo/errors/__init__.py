"""Every error of a request, by what the caller can do about it.

* AttimoError
  + InvalidArgument        fix the request
    - InvalidName
  + Unauthenticated        use a valid token
    - NoToken
    - WrongPassword
    - CodeNeeded
    - WrongCode
  + PermissionDenied       ask for the permission
    - AccountSuspended     ask the operator
  + NotFound               name something that exists
    - PathNotFound
    - NoSuchAccount
    - NoSuchCache
    - NoSuchWebhook
    - NoSuchKey
    - NoSuchRole
    - NoSuchSigningKey
    - NoSuchMember
    - NoSuchInvitation
    - NoSuchPlan
    - NoSuchBill
    - NoSuchBudget
    - NoSuchRateCard
    - NoPayments
  + AlreadyExists          choose another name
    - AccountExists
    - CacheExists
    - RoleExists
    - PlanExists
    - UserExists
    - MemberExists
  + FailedPrecondition     change something else first
    - RoleIsFixed
    - PlanInUse
    - PlanIsFixed
  + Unimplemented          ask for something else
    - MethodNotAllowed
  + Exhausted              ask the operator for more
    - TooManyAttempts
      - TooMuchMail
    - Busy
  + StoreUnavailable       try again; the operator's log says why
  + FileUnavailable        tell the operator, whose log says why
  + PaymentsUnavailable    try again; the operator's log says why
    - PaymentsRefused
  + Unreachable            check the address, and that the server runs
  + Misconfigured          the operator fixes a setting or the installation
    - InvalidSetting
    - UnknownSetting
    - WrongCard
    - DatabaseTooNew
    - SqliteTooOld

A handler translates an error by `status`, `code` and `str(error)` alone: HTTP sends `status`, gRPC
the number for `code`, and the command line prints the message and exits with a status of its own.
Any other exception is a bug: it is logged with its trace and answered with 500.
"""

from attimo.errors.missing import (
    NoPayments,
    NoSuchAccount,
    NoSuchBill,
    NoSuchBudget,
    NoSuchCache,
    NoSuchInvitation,
    NoSuchKey,
    NoSuchMember,
    NoSuchPlan,
    NoSuchRateCard,
    NoSuchRole,
    NoSuchSigningKey,
    NoSuchWebhook,
)
from attimo.errors.requests import (
    AccountExists,
    AccountSuspended,
    AlreadyExists,
    AttimoError,
    Busy,
    CacheExists,
    CodeNeeded,
    Exhausted,
    FailedPrecondition,
    FileUnavailable,
    InvalidArgument,
    InvalidName,
    MemberExists,
    MethodNotAllowed,
    NotFound,
    NoToken,
    PathNotFound,
    PaymentsRefused,
    PaymentsUnavailable,
    PermissionDenied,
    PlanExists,
    PlanInUse,
    PlanIsFixed,
    RoleExists,
    RoleIsFixed,
    StoreUnavailable,
    TooManyAttempts,
    TooMuchMail,
    Unauthenticated,
    Unimplemented,
    Unreachable,
    UserExists,
    WrongCode,
    WrongPassword,
)
from attimo.errors.startup import (
    DatabaseTooNew,
    InvalidSetting,
    Misconfigured,
    SqliteTooOld,
    UnknownSetting,
    WrongCard,
)

__all__ = [
    "AccountExists",
    "AccountSuspended",
    "AlreadyExists",
    "AttimoError",
    "Busy",
    "CacheExists",
    "CodeNeeded",
    "DatabaseTooNew",
    "Exhausted",
    "FailedPrecondition",
    "FileUnavailable",
    "InvalidArgument",
    "InvalidName",
    "InvalidSetting",
    "MemberExists",
    "MethodNotAllowed",
    "Misconfigured",
    "NoPayments",
    "NoSuchAccount",
    "NoSuchBill",
    "NoSuchBudget",
    "NoSuchCache",
    "NoSuchInvitation",
    "NoSuchKey",
    "NoSuchMember",
    "NoSuchPlan",
    "NoSuchRateCard",
    "NoSuchRole",
    "NoSuchSigningKey",
    "NoSuchWebhook",
    "NoToken",
    "NotFound",
    "PathNotFound",
    "PaymentsRefused",
    "PaymentsUnavailable",
    "PermissionDenied",
    "PlanExists",
    "PlanInUse",
    "PlanIsFixed",
    "RoleExists",
    "RoleIsFixed",
    "SqliteTooOld",
    "StoreUnavailable",
    "TooManyAttempts",
    "TooMuchMail",
    "Unauthenticated",
    "Unimplemented",
    "UnknownSetting",
    "Unreachable",
    "UserExists",
    "WrongCard",
    "WrongCode",
    "WrongPassword",
]
