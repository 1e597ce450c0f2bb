"""Every cause of an error is described once, and both planes mean the same by it."""

from attimo.errors import AttimoError
from attimo.node import local
from docs.generator import documentation

errors = documentation("errors")


def test_both_planes_give_a_cause_the_same_status_and_code() -> None:
    of_data = {row[0]: row[1:3] for row in local.causes()}
    of_control = {kind.err: (kind.status, kind.code) for kind in errors.kinds(AttimoError)}
    shared = of_data.keys() & of_control.keys()

    assert {"permission_denied", "invalid_token", "account_suspended"} <= shared
    assert {err: of_data[err] for err in shared} == {err: of_control[err] for err in shared}


def test_no_two_kinds_of_error_share_a_word() -> None:
    words = [kind.err for kind in errors.kinds(AttimoError)]

    assert len(words) == len(set(words))


def test_every_cause_says_what_went_wrong_and_what_to_do() -> None:
    for cause in errors.causes().values():
        assert cause.meaning.endswith("."), cause
        assert cause.remedy.endswith("."), cause
