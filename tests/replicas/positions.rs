//! The position that a command answers with, and that a client sends with its reads.

use harness::{ReplicatedEnvironment, send};
use reqwest::Method;

use crate::people::{App, admin_of, create, hire_worker, position, read_after};

#[tokio::test]
async fn a_command_answers_with_its_position_and_those_the_client_has_sent() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    let first = position(&create(&admin, "One").await.expect_status(201));
    assert!(first.starts_with("tracker="), "{first}");
    // A client has to keep the last position only.
    let known = format!("accounting=0/1,{first}");
    let request = admin.api.request(Method::POST, "/tasks").json(&serde_json::json!({ "title": "Two" }));
    let second = send(request.header("x-piecework-position", &known)).await.expect_status(201);
    assert!(position(&second).starts_with("accounting=0/1,tracker="), "{second:?}");
    let read = admin.api.get("/tasks").await.expect_status(200);
    assert_eq!(read.header("x-piecework-position"), None, "a read writes nothing, so it has no position");
    app.finish().await;
}

#[tokio::test]
async fn an_invalid_position_is_refused_in_a_header_and_ignored_in_a_cookie() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    // An empty value is no position, as an empty cookie is none.
    read_after(&admin, "/tasks", "").await.expect_status(200);
    for wrong in ["tracker", "tracker=1", "tracker=0:0/1", "tracker=0/x", "payroll=0/1", "tracker=0/1,", "0/1"] {
        read_after(&admin, "/tasks", wrong).await.expect_problem(400, "malformed_request");
        let request = admin.api.request(Method::GET, "/tasks");
        send(request.header("cookie", format!("a=b; piecework_position={wrong}"))).await.expect_status(200);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_cookie_with_the_position_has_the_form_of_the_cookies_of_a_session() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    let person = |email: &str| serde_json::json!({ "email": email, "name": "Somebody", "role": "worker" });
    for (host, prefix, secure) in [("127.0.0.1", "", ""), ("piecework.example.org", "__Host-", "; Secure")] {
        let request = admin.api.request(Method::POST, "/people").header("host", host);
        let created = send(request.json(&person(&format!("one{prefix}@example.org")))).await.expect_status(201);
        let value = position(&created).replace(',', "&");
        let expected =
            format!("{prefix}piecework_position={value}; Path=/; Max-Age=60; HttpOnly{secure}; SameSite=Lax");
        assert_eq!(created.header("set-cookie"), Some(&*expected));
        // The client has seen the position of the cookie, so an answer to a command has it.
        let sent = format!("{prefix}piecework_position=accounting=0/1&{value}");
        let request = admin.api.request(Method::POST, "/people").header("host", host).header("cookie", &sent);
        let created = send(request.json(&person(&format!("two{prefix}@example.org")))).await.expect_status(201);
        assert!(position(&created).starts_with("accounting=0/1,"), "{host}: {created:?}");
    }
    // Another host of the site can set a cookie without the prefix, so it does not count.
    let request = admin.api.request(Method::POST, "/people").header("host", "piecework.example.org");
    let request = request.header("cookie", "piecework_position=accounting=0/1");
    let created = send(request.json(&person("three@example.org"))).await.expect_status(201);
    assert!(position(&created).starts_with("tracker="), "{created:?}");
    app.finish().await;
}

#[tokio::test]
async fn of_a_header_and_a_cookie_the_later_position_of_each_database_counts() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    for (header, cookie, expected) in [
        // A page sends the position of an event, after which it has sent a command.
        ("tracker=0/1", "accounting=0/1&tracker=FFFFFFF/1", "accounting=0/1,tracker=FFFFFFF/1"),
        ("accounting=0/3,tracker=FFFFFFF/1", "accounting=0/2", "accounting=0/3,tracker=FFFFFFF/1"),
        ("accounting=0/2", "accounting=0/3&tracker=FFFFFFF/1", "accounting=0/3,tracker=FFFFFFF/1"),
        ("tracker=FFFFFFF/1", "not a position", "tracker=FFFFFFF/1"),
    ] {
        let request = admin.api.request(Method::POST, "/tasks").json(&serde_json::json!({ "title": "Two" }));
        let request = request.header("x-piecework-position", header);
        let answer = send(request.header("cookie", format!("piecework_position={cookie}"))).await;
        assert_eq!(position(&answer.expect_status(201)), expected, "{header}; {cookie}");
    }
    app.finish().await;
}

#[tokio::test]
async fn strong_is_the_only_consistency_and_only_reads_accept_it() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    for valid in ["/tasks?consistency=strong", "/tasks?limit=1&consistency=strong", "/me?consistency=strong"] {
        admin.api.get(valid).await.expect_status(200);
    }
    for wrong in ["weak", "", "strong&consistency=strong"] {
        let path = format!("/tasks?consistency={wrong}");
        admin.api.get(&path).await.expect_problem(400, "malformed_request");
    }
    let unknown = admin.api.get("/tasks?consistency=strong&colour=red").await;
    unknown.expect_problem(400, "malformed_request");
    admin.api.post_nothing("/reassignments?consistency=strong").await.expect_problem(400, "malformed_request");
    app.finish().await;
}

#[tokio::test]
async fn without_replicas_a_command_answers_without_a_position() {
    let environment = ReplicatedEnvironment::new().await.set("TRACKER__READ_URLS", "").set("ACCOUNTING__READ_URLS", "");
    let app = environment.start().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    let created = create(&admin, "One").await.expect_status(201);
    assert_eq!((created.header("x-piecework-position"), created.header("set-cookie")), (None, None));
    app.finish().await;
}
