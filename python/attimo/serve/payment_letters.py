"""The e-mails about payments."""

from attimo.billing.months import DAY
from attimo.control.payers import News, Rule

_LETTERS = {
    "failed": (
        "A payment has failed: {account}",
        "A payment of the account {account!r} has failed. {then} Enter another payment method: "
        "`attimo payments setup` prints the address of the page for it.",
    ),
    "moved": (
        "The plan has changed: {account}",
        "A payment of the account {account!r} has failed, so it has the plan {plan!r} now. "
        "Nothing was deleted, and when the invoice is paid, it gets its former plan back. Enter "
        "another payment method: `attimo payments setup` prints the address of the page for it.",
    ),
    "settled": (
        "All is paid: {account}",
        "All invoices of the account {account!r} are paid, and it has its plan.",
    ),
}


def letter(news: News, rule: Rule) -> tuple[str, str]:
    """The subject and the text of an e-mail."""
    days = rule.grace_seconds // DAY
    then = f"It keeps its plan for {days} day{'s' * (days != 1)}, and then has {rule.plan!r}."
    subject, text = _LETTERS[news.what]
    said = {"account": news.account, "then": then, "plan": rule.plan}
    return subject.format(**said), text.format(**said)
