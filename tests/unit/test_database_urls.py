"""URLs of PostgreSQL databases: what they mean, and what is wrong with others."""

import pytest

from attimo.errors import Misconfigured
from attimo.settings.database import PORT, address_of
from attimo.store.postgresql import _check_server, connect


def test_a_url_says_where_a_database_is_and_who_uses_it() -> None:
    found = address_of("postgresql://ann:p%40ss@db.example.com:6000/shop")

    assert (found.user, found.password) == ("ann", "p@ss")
    assert (found.host, found.port, found.name) == ("db.example.com", 6000, "shop")
    assert str(found) == "postgresql://ann@db.example.com:6000/shop"
    assert "p@ss" not in repr(found)
    assert address_of("postgres://ann@db/shop").port == PORT


def test_another_machine_is_asked_for_its_certificate() -> None:
    for host, expected in (
        ("db.example.com", "verify-full"),
        ("localhost", "disable"),
        ("[::1]", "disable"),
    ):
        assert address_of(f"postgresql://ann@{host}/shop").tls == expected
    by_socket = address_of("postgresql://ann@/shop?host=/run/postgresql")
    assert (by_socket.tls, by_socket.socket) == ("disable", "/run/postgresql/.s.PGSQL.5432")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://ann:secret@db/shop", "must begin with postgresql://"),
        ("postgresql://db:secret@/shop", "lacks a host"),
        ("postgresql://:secret@db/shop", "lacks a user"),
        ("postgresql://ann:secret@db", "lacks the name of a database"),
        ("postgresql://ann:secret@db:0/shop", "port is 0"),
        ("postgresql://ann:secret@db:70000/shop", "not a URL"),
        ("postgresql://ann:secret@/shop?host=/run&port=x", "port is x"),
        ("postgresql://ann:secret@db/shop?sslmode=prefer", "sslmode is prefer"),
        ("postgresql://ann:secret@db/shop?pool=5", "the parameter pool"),
    ],
)
def test_what_is_wrong_is_named_and_the_password_is_not(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        address_of(url)
    assert "secret" not in str(caught.value)


def test_an_authority_that_cannot_be_read_is_named() -> None:
    address = address_of("postgresql://ann@db.example.com/shop?sslrootcert=/missing.pem")
    with pytest.raises(Misconfigured, match=r"sslrootcert /missing\.pem"):
        connect(address)


def test_a_server_that_is_too_old_is_refused_and_one_that_is_tested_is_not() -> None:
    address = address_of("postgresql://ann@db.example.com/shop")
    for version in ("15.18 (Debian 15.18-1)", "15.0", "18beta1", "19devel"):
        _check_server({"server_version": version, "server_encoding": "UTF8"}, address)
    for version in ("14.9", "9.6.24", ""):
        with pytest.raises(Misconfigured, match="or later is needed"):
            _check_server({"server_version": version, "server_encoding": "UTF8"}, address)
    with pytest.raises(Misconfigured, match="must be UTF8"):
        _check_server({"server_version": "15.18", "server_encoding": "LATIN1"}, address)
