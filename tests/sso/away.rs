//! A provider that does not answer.

use std::time::{Duration, Instant};

use harness::PREFIX;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::{Browser, location};
use crate::fixture::{Fixture, set_provider, start};

/// Far less than the deadline of a request, which would be answered with 504.
const QUICKLY: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_provider_that_is_away_or_silent_is_a_503_and_passwords_work() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [silent.local_addr().unwrap(), refusing.local_addr().unwrap()];
    drop(refusing);
    for address in addresses {
        let app = start(|config| set_provider(config, &format!("http://{address}"), "confidential")).await;
        let begun = Instant::now();
        let answer = app.api.get("/auth/sso/login?return_to=/").await;
        let answer = answer.expect_problem(503, "identity.sso_unavailable");
        assert!(begun.elapsed() < QUICKLY, "{address}: {:?}", begun.elapsed());
        assert!(answer.header("retry-after").is_some());
        let browser = Browser::new(app.application.public_url(), "", "wim");
        let page = browser.open_as(&format!("{PREFIX}/auth/sso/login"), &[("accept", "text/html")]).await;
        assert_eq!(location(&page.expect_status(303).headers), "/login?sso_error=identity.sso_unavailable");
        harness::create_first_admin(&app.api, &app.first_admin_token().await).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_provider_that_goes_away_during_a_login_is_a_503() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    let browser = fixture.browser("wim").await;
    let callback = browser.reach_callback("/").await;
    let Fixture { app, provider, .. } = fixture;
    drop(provider);
    browser.open(&callback).await.expect_problem(503, "identity.sso_unavailable");
    app.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_too_long_a_redirect_or_no_document_is_a_503() {
    let issuer_of = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n", issuer_of(&elsewhere));
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n{}", " ".repeat(2_000_000));
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned();
    for response in [redirect, long, text] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = start(|config| set_provider(config, &issuer_of(&listener), "confidential")).await;
        let answer = async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut head = [0_u8; 1024];
            let _ = connection.read(&mut head).await;
            // The client may close the connection before it has read everything.
            let _ = connection.write_all(response.as_bytes()).await;
        };
        let (answered, ()) = tokio::join!(app.api.get("/auth/sso/login"), answer);
        answered.expect_problem(503, "identity.sso_unavailable");
        app.stop().await;
    }
    let followed = tokio::time::timeout(Duration::from_millis(1), elsewhere.accept()).await;
    assert!(followed.is_err(), "no redirect is followed");
}

#[tokio::test]
async fn documents_that_name_another_provider_are_refused() {
    for (named, status) in [("", 302), ("/realms/another", 503)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let document = json!({
            "issuer": format!("{issuer}{named}"),
            "authorization_endpoint": format!("{issuer}/login"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        let provider = tokio::spawn(serve_documents(listener, document));
        let app = start(|config| set_provider(config, &issuer, "confidential")).await;
        assert_eq!(app.api.get("/auth/sso/login").await.status, status, "{named}");
        provider.abort();
        app.stop().await;
    }
}

/// A provider that has nothing but its documents.
async fn serve_documents(listener: TcpListener, document: Value) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    loop {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut head = vec![0_u8; 4096];
        let length = connection.read(&mut head).await.unwrap();
        let asks_for_keys = String::from_utf8_lossy(&head[..length]).starts_with("GET /keys ");
        let body = if asks_for_keys { json!({ "keys": [] }) } else { document.clone() }.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
        let response = format!("{head}{}\r\n\r\n{body}", body.len());
        connection.write_all(response.as_bytes()).await.unwrap();
    }
}
