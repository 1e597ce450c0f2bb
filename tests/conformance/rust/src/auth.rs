//! The auth client, and what its tokens open.

use momento::auth::{
    DisposableTokenScopes, ExpiresIn, GenerateDisposableTokenRequest, GenerateDisposableTokenResponse,
    PermissionScopes,
};
use momento::cache::GetResponse;
use momento::{AuthClient, CacheClient, CredentialProvider, MomentoErrorCode};

use crate::scene::{NO_CACHE, Scene, Test, address, client, new_name, provider, refused};

fn auth() -> AuthClient {
    AuthClient::builder().credential_provider(provider()).build().expect("an auth client")
}

/// A client of who was given this token.
fn user(made: GenerateDisposableTokenResponse) -> CacheClient {
    let inside = CredentialProvider::from_disposable_token(made.auth_token()).expect("a token");
    client(inside.insecure_endpoint_override(&address()))
}

fn five_minutes() -> ExpiresIn {
    ExpiresIn::minutes(5)
}

#[tokio::test]
async fn a_prefix_to_read_is_neither_written_nor_left() -> Test {
    let scene = Scene::new().await;
    let scope = DisposableTokenScopes::cache_key_prefix_read_only(&*scene.cache, "u/7/");
    let user = user(auth().generate_disposable_token(scope, five_minutes()).await?);

    assert!(matches!(user.get(&scene.cache, "u/7/x").await?, GetResponse::Miss));
    let denied = MomentoErrorCode::PermissionError;
    assert_eq!(refused(user.set(&scene.cache, "u/7/x", "v").await), denied);
    assert_eq!(refused(user.get(&scene.cache, "u/8/x").await), denied);
    assert_eq!(refused(user.get(NO_CACHE, "u/7/x").await), denied);
    assert_eq!(refused(user.create_cache(new_name()).await), denied);
    Ok(())
}

#[tokio::test]
async fn a_key_is_written_and_no_other() -> Test {
    let scene = Scene::new().await;
    let scope = DisposableTokenScopes::cache_key_read_write(&*scene.cache, "one");
    let user = user(auth().generate_disposable_token(scope, five_minutes()).await?);

    user.set(&scene.cache, "one", "v").await?;
    let two = user.set(&scene.cache, "two", "v").await;
    assert_eq!(refused(two), MomentoErrorCode::PermissionError);
    Ok(())
}

#[tokio::test]
async fn who_writes_only_learns_nothing() -> Test {
    let scene = Scene::new().await;
    let scope = DisposableTokenScopes::cache_key_write_only(&*scene.cache, "drop");
    let user = user(auth().generate_disposable_token(scope, five_minutes()).await?);

    user.set(&scene.cache, "drop", "v").await?;
    let denied = MomentoErrorCode::PermissionError;
    assert_eq!(refused(user.get(&scene.cache, "drop").await), denied);
    assert_eq!(refused(user.set_if_absent(&scene.cache, "drop", "v").await), denied);
    Ok(())
}

#[tokio::test]
async fn a_whole_cache_is_read_by_a_token_that_bears_a_name() -> Test {
    let scene = Scene::new().await;
    let scope = PermissionScopes::cache_read_only(&*scene.cache).into();
    let asked = GenerateDisposableTokenRequest::new(scope, five_minutes()).token_id("ann".into());
    let user = user(auth().send_request(asked).await?);

    assert!(matches!(user.get(&scene.cache, "any").await?, GetResponse::Miss));
    let denied = MomentoErrorCode::PermissionError;
    assert_eq!(refused(user.set(&scene.cache, "any", "v").await), denied);
    Ok(())
}

#[tokio::test]
async fn a_token_is_over_when_it_says_so() -> Test {
    let scene = Scene::new().await;
    let scope = DisposableTokenScopes::cache_key_read_write(&*scene.cache, "one");
    let user = user(auth().generate_disposable_token(scope, ExpiresIn::seconds(2)).await?);
    user.set(&scene.cache, "one", "v").await?;

    tokio::time::sleep(std::time::Duration::from_secs(2)).await;

    let over = refused(user.get(&scene.cache, "one").await);
    assert_eq!(over, MomentoErrorCode::AuthenticationError);
    Ok(())
}

#[tokio::test]
async fn a_grant_without_a_name_is_refused() -> Test {
    for scope in [
        DisposableTokenScopes::cache_key_read_only("cache", ""),
        DisposableTokenScopes::cache_key_prefix_read_only("cache", ""),
        DisposableTokenScopes::cache_key_read_only("", "key"),
    ] {
        let answer = auth().generate_disposable_token(scope, five_minutes()).await;
        assert_eq!(refused(answer), MomentoErrorCode::InvalidArgumentError);
    }
    Ok(())
}
