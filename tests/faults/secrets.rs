//! Secrets that people and programs send are in no log, at any level; and the log shows that a
//! request for a forgotten password does the same for every address.

use harness::{PASSWORD, SentMail, eventually, sent_mails};
use serde_json::{Value, json};

use crate::data_directory::DataDirectory;

/// A password that occurs nowhere else.
const PLANTED: &str = "planted 5f1c9e password";
/// A wrong password that occurs nowhere else.
const MISTYPED: &str = "mistyped 8d20aa password";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_password_token_or_link_is_in_the_log_at_any_level() {
    let data = DataDirectory::new();
    let mut server = data.serve_with(&[("PIECEWORK__TELEMETRY__LOG", "trace,lapin=off")]).await;
    let first_link = server.first_admin_token().await;
    let admin = server.first_admin().await;
    let ada = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker", "password": PASSWORD });
    let wim = admin.api.post("/people", &ada).await.expect_status(201).id();
    let login = |password: &str| json!({ "email": "wim@example.org", "password": password });
    server.api.post("/auth/login", &login(MISTYPED)).await.expect_status(401);
    let session = server.api.post("/auth/login", &login(PASSWORD)).await.expect_status(200).json;
    let mine = server.api.with_token(&text(&session["access_token"]));
    let change = json!({ "current_password": PASSWORD, "new_password": PLANTED });
    mine.post("/me/password", &change).await.expect_status(204);
    let expires_at = (kernel::Ambient::system().now() + chrono::Duration::days(9)).to_rfc3339();
    let new = json!({ "name": "Script", "scopes": ["read"], "expires_at": expires_at });
    let api_token = text(&mine.post("/me/tokens", &new).await.expect_status(201).json["token"]);
    mine.with_token(&api_token).get("/me").await.expect_status(200);
    let refresh = text(&session["refresh_token"]);
    server.api.post("/auth/refresh", &json!({ "refresh_token": refresh })).await.expect_status(200);
    let shown = admin.api.post_nothing(&format!("/people/{wim}/set-password-links")).await.expect_status(201);
    let shown = text(&shown.json["set_password_token"]);
    server.api.post("/auth/password-reset", &json!({ "email": "wim@example.org" })).await.expect_status(202);
    let mailed = async || sent_mails(&data.path().join("mail")).iter().find_map(SentMail::link_token);
    let mailed = eventually("the link is mailed", mailed).await;
    let set = json!({ "token": mailed, "password": PLANTED });
    server.api.post("/auth/set-password", &set).await.expect_status(200);

    let log = server.log();
    assert!(log.contains("insert into identity.links"), "statements are logged");
    let access = text(&session["access_token"]);
    let signature = access.rsplit('.').next().unwrap();
    for (what, secret) in [
        ("a password", PASSWORD),
        ("a new password", PLANTED),
        ("a mistyped password", MISTYPED),
        ("the link of the first admin", &first_link),
        ("a link that was shown", &shown),
        ("a link that was mailed", &mailed),
        ("an API token", &api_token),
        ("a refresh token", &refresh),
        ("the signature of an access token", signature),
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{what} is in the log");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_for_a_forgotten_password_runs_the_same_statements_for_every_address() {
    let data = DataDirectory::new();
    let mut server = data
        .serve_with(&[("PIECEWORK__TELEMETRY__LOG", "info,sqlx=debug"), ("PIECEWORK__TELEMETRY__FORMAT", "json")])
        .await;
    let admin = server.first_admin().await;
    let gone = json!({ "email": "gone@example.org", "name": "Gone", "role": "worker", "password": PASSWORD });
    let gone = admin.api.post("/people", &gone).await.expect_status(201).id();
    admin.api.patch(&format!("/people/{gone}"), &json!({ "active": false })).await.expect_status(200);

    let mut statements = Vec::new();
    for email in ["ada@example.org", "gone@example.org", "unknown@example.org"] {
        let answer = server.api.post("/auth/password-reset", &json!({ "email": email })).await.expect_status(202);
        let id = answer.header("x-request-id").unwrap().to_owned();
        statements.push(statements_of(&server.log(), &id));
    }
    assert_eq!(statements[0], statements[1]);
    assert_eq!(statements[0], statements[2]);
    let writes = statements[0].iter().filter(|statement| statement.contains("password_reset_requests")).count();
    assert_eq!(writes, 1, "{statements:?}");
    server.stop().await;
}

/// The statements of one request, as sqlx has logged them.
fn statements_of(log: &str, request_id: &str) -> Vec<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_request = lines.filter(|line| line.to_string().contains(request_id));
    let statements = of_request.filter_map(|line| Some(line["summary"].as_str()?.to_owned()));
    statements.filter(|statement| statement.contains("identity.")).collect()
}

#[tokio::test]
async fn the_log_names_who_changed_a_person() {
    let data = DataDirectory::new();
    let mut server =
        data.serve_with(&[("PIECEWORK__TELEMETRY__LOG", "info"), ("PIECEWORK__TELEMETRY__FORMAT", "json")]).await;
    let admin = server.first_admin().await;
    let new = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker" });
    let wim = admin.api.post("/people", &new).await.expect_status(201).id();
    let path = format!("/people/{wim}");
    admin.api.patch(&path, &json!({ "role": "manager" })).await.expect_status(200);
    admin.api.post_nothing(&format!("{path}/set-password-links")).await.expect_status(201);
    admin.api.post_nothing(&format!("{path}/invitation")).await.expect_status(202);
    let eve = json!({ "email": "eve@example.org", "name": "Eve", "role": "worker", "invite": true });
    admin.api.post("/people", &eve).await.expect_status(201);
    admin.api.patch("/me", &json!({ "name": "Ada A." })).await.expect_status(200);
    let log = server.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let by_admin: Vec<String> =
        lines.filter(|line| line["changed_by"] == *admin.id).map(|line| text(&line["message"])).collect();
    assert_eq!(
        by_admin,
        [
            "created a person",
            "updated a person",
            "created a link to set a password",
            "invited a person",
            "invited a new person",
            "updated a person",
        ]
    );
    server.stop().await;
}
