//! kill -9 after a commit whose answer the client has not read: the repetition has the answer.

use std::io::Write;
use std::net::TcpStream;

use harness::{Api, PASSWORD, Server, assert_verified, create_person, eventually};
use serde_json::{Value, json};

use crate::data_directory::DataDirectory;

/// A key that is not in the log.
const KEY: &str = "0b5c7d1e-not-in-the-log";

/// Sends a request without reading the answer. The connection stays open.
fn send_only(server: &Server, token: &str, path: &str, body: &str) -> TcpStream {
    let mut connection = TcpStream::connect(format!("127.0.0.1:{}", server.port())).unwrap();
    let request = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).unwrap();
    connection
}

async fn access_token(api: &Api, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    api.post("/auth/login", &body).await.ok()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn after_kill_9_between_the_commit_and_the_answer_the_repetition_has_the_answer() {
    let data = DataDirectory::new();
    create_person(&data.path(), "max@example.org", "manager").await;
    create_person(&data.path(), "ann@example.org", "worker").await;
    let body = json!({ "title": "Fix the door" });
    for (number, (path, body, status)) in
        [("/tasks", body, 201), ("/reassignments", Value::Null, 202)].into_iter().enumerate()
    {
        let mut server = data.serve_with(&[("PIECEWORK__TELEMETRY__LOG", "trace")]).await;
        let token = access_token(&server.api, "max@example.org").await;
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let _unread = send_only(&server, &token, path, &text);
        let mut tracker = data.postgres().connect("tracker").await;
        eventually("the command is committed", async || {
            let stored = sqlx::query_scalar("select count(*) from tasks.idempotency_keys").fetch_one(&mut tracker);
            (stored.await.unwrap_or(0_i64) == i64::try_from(number).unwrap() + 1).then_some(())
        })
        .await;
        server.kill();
        assert!(!server.log().contains(KEY), "the key is not logged");

        let server = data.serve().await;
        let manager = server.api.with_token(&token);
        let answer = manager.post_keyed(KEY, path, &body).await.expect_status(status);
        assert_eq!(answer.header("idempotency-replayed"), Some("true"));
        let location = answer.header("location").unwrap().trim_start_matches("/api/v1").to_owned();
        assert_eq!(manager.read(&location).await["id"], answer.json["id"]);
        assert_eq!(manager.read_all(path, 200).await.len(), 1, "it took effect once");
        server.stop().await;
    }
    assert_verified(&data.path()).await;
}
