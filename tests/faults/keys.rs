//! `piecework keys rotate`, beside a running server.

use harness::{PASSWORD, create_person, eventually, piecework, send};
use reqwest::Method;

use crate::data_directory::DataDirectory;

/// The key of a test. Nothing else uses it.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
                           MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

#[tokio::test]
async fn a_rotation_beside_a_server_logs_nobody_out() {
    let data = DataDirectory::new();
    create_person(&data.path(), "ann@example.org", "worker").await;
    let server = data.serve().await;
    let ann = server.api.login("ann@example.org", PASSWORD).await;
    let rotation = piecework(&data.path(), &["keys", "rotate", "--json"]).finish().await.json();
    let shown = async || {
        let keys = send(server.api.request_outside(Method::GET, "/.well-known/jwks.json")).await.expect_status(200);
        let keys = keys.json["keys"].as_array().cloned().unwrap_or_default();
        (keys.len() == 2 && keys[0]["kid"] == rotation["key_id"]).then_some(())
    };
    eventually("the server has both keys", shown).await;
    ann.get("/me").await.expect_status(200);
    server.api.login("ann@example.org", PASSWORD).await.get("/me").await.expect_status(200);
    let text = piecework(&data.path(), &["keys", "rotate"]).finish().await.ok();
    assert!(text.starts_with("The new key ") && text.contains("The old keys verify until"), "{text}");
    ann.get("/me").await.expect_status(200);
    server.stop().await;
}

#[tokio::test]
async fn keys_of_the_configuration_are_refused_with_advice() {
    let data = DataDirectory::new();
    let settings = vec![("PIECEWORK__AUTH__KEYS".to_owned(), PRIVATE_KEY.to_owned())];
    let refused = piecework(&data.path(), &["keys", "rotate"]).settings(&settings).finish().await.failed(2);
    assert!(refused.contains("auth.keys") && refused.contains("put a new key"), "{refused}");
}
