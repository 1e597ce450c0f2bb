"""Errors of requests that name what does not exist."""

from attimo.errors.requests import NotFound, shown


class NoSuchAccount(NotFound):
    """There is no such account."""

    err = "account_not_found"
    remedy = "`attimo account list` lists what there is."

    def __init__(self, account: int | str) -> None:
        named = shown(account) if isinstance(account, str) else account
        super().__init__(f"There is no account {named}")


class NoSuchCache(NotFound):
    """The account has no cache of that name."""

    title = "Cache Not Found"
    err = "cache_not_found"
    remedy = "`attimo cache list` lists what there is."

    def __init__(self, name: str) -> None:
        super().__init__(f"Cache not found: there is no cache {shown(name)}")


class NoSuchWebhook(NotFound):
    """The cache has no webhook of that name."""

    err = "webhook_not_found"
    remedy = "`attimo webhook list` lists what there is."

    def __init__(self, cache: str, name: str) -> None:
        super().__init__(f"There is no webhook {shown(name)} of a cache {shown(cache)}")


class NoSuchKey(NotFound):
    """There is no such API key."""

    err = "api_key_not_found"
    remedy = "`attimo key list` lists what there is."

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no API key {shown(key_id)}")


class NoSuchRole(NotFound):
    """There is no such role."""

    err = "role_not_found"
    remedy = "`attimo role list` lists what there is."

    def __init__(self, role_id: str) -> None:
        super().__init__(f"There is no role {shown(role_id)}")


class NoSuchSigningKey(NotFound):
    """There is no such signing key."""

    err = "signing_key_not_found"
    remedy = "`GET /signing-keys` lists what there is."

    def __init__(self, kid: str) -> None:
        super().__init__(f"There is no signing key {shown(kid)}")


class NoSuchMember(NotFound):
    """There is no such member."""

    err = "member_not_found"
    remedy = "`attimo member list` lists what there is."

    def __init__(self, who: int | str) -> None:
        super().__init__(f"The account has no member {who}")


class NoSuchInvitation(NotFound):
    """There is no such invitation."""

    err = "invitation_not_found"
    remedy = "`GET /invitations` lists what there is."

    def __init__(self, invitation_id: str) -> None:
        super().__init__(f"There is no invitation {shown(invitation_id)}")


class NoSuchPlan(NotFound):
    """There is no such plan."""

    err = "plan_not_found"
    remedy = "`attimo plan list` lists what there is."

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no plan {shown(name)}")


class NoSuchBill(NotFound):
    """The account has no bill for that month."""

    err = "bill_not_found"
    remedy = "`GET /bills` lists the months that have one."


class NoSuchBudget(NotFound):
    """The account has no budget."""

    err = "budget_not_found"
    remedy = "Set one with `attimo budget set` or `PUT /budget`."

    def __init__(self) -> None:
        super().__init__("The account has no budget")


class NoSuchRateCard(NotFound):
    """The server has no such rate card."""

    err = "rate_card_not_found"
    remedy = "`attimo bill --compare` or `GET /bills` lists what there is."

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"card: there is no rate card {shown(name)}; there are {known}")


class NoPayments(NotFound):
    """The server takes no payments."""

    err = "payments_off"
    remedy = "Nothing is to be paid here; the operator can switch payments on with `--payments`."

    def __init__(self) -> None:
        super().__init__("This server takes no payments (--payments off): there is nothing to pay")
