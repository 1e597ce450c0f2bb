"""Momento's auth client in Python asks for disposable tokens, and its cache client uses them."""

import warnings
from collections.abc import Iterator

import pytest
from momento import AuthClient, CacheClient, CredentialProvider
from momento.auth.access_control.disposable_token_scope import (
    CacheItemKey,
    CacheItemKeyPrefix,
    CacheItemSelector,
    DisposableTokenCachePermission,
    DisposableTokenCachePermissions,
    DisposableTokenProps,
    DisposableTokenScope,
)
from momento.auth.access_control.disposable_token_scopes import DisposableTokenScopes
from momento.auth.access_control.permission_scope import (
    AllCaches,
    AllTopics,
    CachePermission,
    CacheRole,
    CacheSelector,
    Permissions,
    TopicPermission,
    TopicRole,
    TopicSelector,
)
from momento.config.auth_configurations import AuthConfigurations
from momento.errors import MomentoErrorCode
from momento.responses import CacheGet, CacheSet
from momento.responses.auth.generate_disposable_token import GenerateDisposableToken
from momento.utilities.expiration import ExpiresIn

from conformance.python.clients import MINUTE, error_of, expect, roomy, with_token
from harness import Server

CACHE = "default-cache"
FIVE_MINUTES = ExpiresIn.minutes(5)


@pytest.fixture(scope="module")
def auth(server: Server) -> Iterator[AuthClient]:
    """The owner's auth client, over TLS."""
    provider = CredentialProvider.from_api_key_v2(server.api_key, server.endpoint)
    with AuthClient(AuthConfigurations.Laptop.latest(), provider) as client:
        yield client


def vended(
    auth: AuthClient, scope: DisposableTokenScope, named: DisposableTokenProps | None = None
) -> GenerateDisposableToken.Success:
    answer = auth.generate_disposable_token(scope, FIVE_MINUTES, named)
    return expect(answer, GenerateDisposableToken.Success)


def client(made: GenerateDisposableToken.Success) -> CacheClient:
    """A cache client of who was given the token, over TLS."""
    return CacheClient(roomy(), CredentialProvider.from_disposable_token(made.auth_token), MINUTE)


def test_a_token_says_where_it_is_good_and_until_when(server: Server, auth: AuthClient) -> None:
    scope = DisposableTokenScopes.cache_key_read_only(CACHE, "k")

    made = vended(auth, scope, DisposableTokenProps("ann"))

    assert made.endpoint == server.endpoint
    assert made.expires_at.does_expire()


def test_a_prefix_to_read_is_neither_written_nor_left(server: Server, auth: AuthClient) -> None:
    made = vended(auth, DisposableTokenScopes.cache_key_prefix_read_only(CACHE, "u/7/"))

    with client(made) as user:
        assert isinstance(user.get(CACHE, "u/7/x"), CacheGet.Miss)
        refused = [
            user.set(CACHE, "u/7/x", "v"),
            user.get(CACHE, "u/8/x"),
            user.get("no-such-cache", "u/7/x"),
            user.create_cache("never-made"),
            user.delete_cache(CACHE),
            user.list_caches(),
        ]
    assert {error_of(each) for each in refused} == {MomentoErrorCode.PERMISSION_ERROR}


def test_a_prefix_holds_the_exact_key(auth: AuthClient) -> None:
    made = vended(auth, DisposableTokenScopes.cache_key_prefix_read_write(CACHE, "exact"))

    with client(made) as user:
        expect(user.set(CACHE, "exact", "v"), CacheSet.Success)
        assert expect(user.get(CACHE, "exact"), CacheGet.Hit).value_string == "v"


def test_who_writes_only_neither_reads_nor_learns(auth: AuthClient) -> None:
    made = vended(auth, DisposableTokenScopes.cache_key_write_only(CACHE, "drop"))

    with client(made) as user:
        expect(user.set(CACHE, "drop", "v"), CacheSet.Success)
        refused = [user.get(CACHE, "drop"), user.set_if_not_exists(CACHE, "drop", "w")]
        refused.append(user.increment(CACHE, "drop"))
    assert {error_of(each) for each in refused} == {MomentoErrorCode.PERMISSION_ERROR}


def test_grants_are_added_up(auth: AuthClient) -> None:
    scope = DisposableTokenScope(
        DisposableTokenCachePermissions(
            [
                DisposableTokenCachePermission(
                    CacheSelector(CACHE), CacheRole.READ_ONLY, CacheItemSelector(CacheItemKey("a"))
                ),
                DisposableTokenCachePermission(
                    CacheSelector(AllCaches()),
                    CacheRole.READ_WRITE,
                    CacheItemSelector(CacheItemKeyPrefix("b")),
                ),
            ]
        )
    )

    with client(vended(auth, scope)) as user:
        assert isinstance(user.get(CACHE, "a"), CacheGet.Miss)
        expect(user.set(CACHE, "b1", "v"), CacheSet.Success)
        assert error_of(user.set(CACHE, "a", "v")) is MomentoErrorCode.PERMISSION_ERROR


def test_data_and_topics_give_all_data_and_no_control(auth: AuthClient) -> None:
    scope = DisposableTokenScope(
        Permissions(
            [
                CachePermission(CacheSelector(AllCaches()), CacheRole.READ_WRITE),
                TopicPermission(
                    TopicRole.PUBLISH_SUBSCRIBE,
                    CacheSelector(AllCaches()),
                    TopicSelector(AllTopics()),
                ),
            ]
        )
    )

    with client(vended(auth, scope)) as user:
        expect(user.set(CACHE, "any", "v"), CacheSet.Success)
        assert error_of(user.create_cache("no")) is MomentoErrorCode.PERMISSION_ERROR


def test_topics_give_no_right_to_caches(auth: AuthClient) -> None:
    made = vended(auth, DisposableTokenScopes.topic_publish_subscribe(CACHE, AllTopics()))

    with client(made) as user:
        assert error_of(user.get(CACHE, "k")) is MomentoErrorCode.PERMISSION_ERROR


@pytest.mark.parametrize(
    "scope",
    [
        DisposableTokenScopes.cache_key_read_only(CACHE, ""),
        DisposableTokenScopes.cache_key_prefix_read_only(CACHE, ""),
        DisposableTokenScopes.cache_key_read_only("", "k"),
        DisposableTokenScopes.topic_publish_only(CACHE, ""),
    ],
    ids=["key", "prefix", "cache", "topic"],
)
def test_a_grant_without_a_name_is_refused(auth: AuthClient, scope: DisposableTokenScope) -> None:
    answer = auth.generate_disposable_token(scope, FIVE_MINUTES)

    assert error_of(answer) is MomentoErrorCode.INVALID_ARGUMENT_ERROR


def test_a_token_makes_no_token(server: Server, auth: AuthClient) -> None:
    made = vended(auth, DisposableTokenScopes.cache_key_read_write(CACHE, "k"))
    provider = CredentialProvider.from_disposable_token(made.auth_token)

    with AuthClient(AuthConfigurations.Laptop.latest(), provider) as another:
        answer = another.generate_disposable_token(
            DisposableTokenScopes.cache_key_read_only(CACHE, "k"), FIVE_MINUTES
        )

    assert error_of(answer) is MomentoErrorCode.PERMISSION_ERROR


def test_nobody_makes_a_token(server: Server) -> None:
    provider = with_token(server.http_address, "not a token")

    with AuthClient(AuthConfigurations.Laptop.latest(), provider) as nobody:
        answer = nobody.generate_disposable_token(
            DisposableTokenScopes.cache_key_read_only(CACHE, "k"), FIVE_MINUTES
        )

    assert error_of(answer) is MomentoErrorCode.AUTHENTICATION_ERROR


def test_a_token_works_on_plaintext_and_from_a_v1_key(server: Server) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        key = CredentialProvider.from_string(server.v1_token).auth_token
    provider = with_token(server.http_address, key)
    with AuthClient(AuthConfigurations.Laptop.latest(), provider) as auth:
        made = vended(auth, DisposableTokenScopes.cache_key_read_write(CACHE, "plain"))

    inner = CredentialProvider.from_disposable_token(made.auth_token).auth_token
    with CacheClient(roomy(), with_token(server.http_address, inner), MINUTE) as user:
        expect(user.set(CACHE, "plain", "v"), CacheSet.Success)
