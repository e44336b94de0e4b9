//! Sessions of browsers: cookies, and requests that come from pages of other origins.

use harness::{Answer, Api, Company, PASSWORD, PREFIX, send};
use reqwest::Method;
use reqwest::header::{COOKIE, HOST, ORIGIN, SET_COOKIE, USER_AGENT};
use serde_json::{Value, json};

/// What a browser says of a request that a page of the same origin sends.
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Each cookie that an answer sets: its name, its value, and its attributes in their order.
fn set_cookies(answer: &Answer) -> Vec<(String, String, String)> {
    let all = answer.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    // The position of a command is not part of the session.
    let ours = all.filter(|text| !text.contains("piecework_position="));
    let parts = ours.map(|text| {
        let (pair, attributes) = text.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned(), attributes.to_owned())
    });
    parts.collect()
}

/// The cookies as the browser sends them back.
fn cookie_line(cookies: &[(String, String, String)]) -> String {
    cookies.iter().map(|(name, value, _)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn login_body(company: &Company, cookies: bool) -> Value {
    json!({ "email": company.worker.email, "password": PASSWORD, "cookies": cookies })
}

/// The cookies of a new session of the worker.
async fn login(company: &Company) -> Vec<(String, String, String)> {
    let request = company.system.api.request(Method::POST, "/auth/login").header(SAME_ORIGIN.0, SAME_ORIGIN.1);
    set_cookies(&send(request.json(&login_body(company, true))).await.expect_status(200))
}

/// Sends a request with cookies and further headers.
async fn call(api: &Api, method: Method, path: &str, cookies: &str, headers: &[(&str, &str)]) -> Answer {
    let request = api.request(method, path).header(COOKIE, cookies);
    send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test]
async fn a_browser_logs_in_refreshes_and_logs_out_by_cookies_alone() {
    let company = Company::new().await;
    let api = &company.system.api;
    let request = api.request(Method::POST, "/auth/login").header(SAME_ORIGIN.0, SAME_ORIGIN.1);
    let answer = send(request.header(USER_AGENT, "Browser/1").json(&login_body(&company, true))).await;
    let answer = answer.expect_status(200);
    let fields: Vec<&String> = answer.json.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["expires_in", "refresh_expires_at"], "the body holds no token");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let first = set_cookies(&answer);
    let attributes = |max_age| format!("Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax");
    let names: Vec<(&str, &str)> = first.iter().map(|(name, _, attributes)| (&**name, &**attributes)).collect();
    assert_eq!(names, [("piecework_access", &*attributes(86_400)), ("piecework_refresh", &*attributes(14 * 86_400))]);
    let line = cookie_line(&first);
    let me = call(api, Method::GET, "/me", &line, &[]).await.expect_status(200);
    assert_eq!(me.json["id"], *company.worker.id);
    let sessions = call(api, Method::GET, "/sessions", &line, &[]).await.expect_status(200).json;
    let current = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    assert_eq!(
        (&current["carrier"], &current["login_method"], &current["user_agent"], &current["client_address"]),
        (&json!("cookie"), &json!("password"), &json!("Browser/1"), &json!("127.0.0.1"))
    );

    // Only the refresh token is left when the access token has expired.
    let refreshed = call(api, Method::POST, "/auth/refresh", &cookie_line(&first[1..]), &[SAME_ORIGIN]).await;
    let second = set_cookies(&refreshed.expect_status(200));
    assert_eq!(second.len(), 2);
    assert_ne!(first[1].1, second[1].1);
    let line = cookie_line(&second);
    let logout = call(api, Method::POST, "/auth/logout", &line, &[SAME_ORIGIN]).await.expect_status(204);
    assert_eq!(logout.header("clear-site-data"), Some("\"cache\""), "what the browser has kept is forgotten");
    let deleted = set_cookies(&logout);
    assert_eq!(deleted.iter().map(|cookie| &*cookie.0).collect::<Vec<_>>(), ["piecework_access", "piecework_refresh"]);
    for (_, value, found) in &deleted {
        assert_eq!((value.as_str(), found.as_str()), ("", attributes(0).as_str()));
    }
    call(api, Method::GET, "/me", &line, &[]).await.expect_problem(401, "identity.token_revoked");
    let refused = call(api, Method::POST, "/auth/refresh", &line, &[SAME_ORIGIN]).await;
    refused.expect_problem(401, "identity.refresh_invalid");
    company.finish().await;
}

#[tokio::test]
async fn a_new_login_ends_the_session_whose_cookies_it_replaces() {
    let company = Company::new().await;
    let api = &company.system.api;
    let first = login(&company).await;
    let request = api.request(Method::POST, "/auth/login").header(SAME_ORIGIN.0, SAME_ORIGIN.1);
    let request = request.header(COOKIE, cookie_line(&first)).json(&login_body(&company, true));
    let second = set_cookies(&send(request).await.expect_status(200));
    let old = call(api, Method::GET, "/me", &cookie_line(&first), &[]).await;
    old.expect_problem(401, "identity.token_revoked");
    call(api, Method::GET, "/me", &cookie_line(&second), &[]).await.expect_status(200);
    // When its access token has expired, a browser sends only the refresh token.
    let request = api.request(Method::POST, "/auth/login").header(SAME_ORIGIN.0, SAME_ORIGIN.1);
    let request = request.header(COOKIE, cookie_line(&second[1..])).json(&login_body(&company, true));
    let third = set_cookies(&send(request).await.expect_status(200));
    let old = call(api, Method::GET, "/me", &cookie_line(&second), &[]).await;
    old.expect_problem(401, "identity.token_revoked");
    call(api, Method::GET, "/me", &cookie_line(&third), &[]).await.expect_status(200);
    // A program has no cache of a browser.
    let logout = company.worker.api.post_nothing("/auth/logout").await.expect_status(204);
    assert_eq!(logout.header("clear-site-data"), None);
    company.finish().await;
}

#[tokio::test]
async fn another_host_than_this_machine_gets_secure_cookies_with_a_prefix() {
    let company = Company::new().await;
    let api = &company.system.api;
    let host = "piecework.example.org";
    let request = api.request(Method::POST, "/auth/login").header(HOST, host).header(SAME_ORIGIN.0, SAME_ORIGIN.1);
    let cookies = set_cookies(&send(request.json(&login_body(&company, true))).await.expect_status(200));
    let attributes = |max_age| format!("Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Lax");
    let found: Vec<(&str, &str)> = cookies.iter().map(|(name, _, attributes)| (&**name, &**attributes)).collect();
    assert_eq!(
        found,
        [("__Host-piecework_access", &*attributes(86_400)), ("__Host-piecework_refresh", &*attributes(14 * 86_400))]
    );
    let line = cookie_line(&cookies);
    call(api, Method::GET, "/me", &line, &[("host", host)]).await.expect_status(200);
    call(api, Method::GET, "/me", &line, &[]).await.expect_problem(401, "not_authenticated");
    let without_prefix = line.replace("__Host-", "");
    let refused = call(api, Method::GET, "/me", &without_prefix, &[("host", host)]).await;
    refused.expect_problem(401, "not_authenticated");
    company.finish().await;
}

#[tokio::test]
async fn a_request_of_another_origin_changes_nothing_by_a_cookie() {
    let company = Company::new().await;
    let api = &company.system.api;
    let cookies = cookie_line(&login(&company).await);
    let own = api.request_outside(Method::GET, "").build().unwrap().url().origin().ascii_serialization();
    let refused: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", &own), ("origin", "https://evil.example")],
        &[("referer", &own)],
    ];
    for headers in refused {
        let task = api.request(Method::POST, "/tasks").header(COOKIE, &cookies).json(&json!({ "title": "Forged" }));
        let task = headers.iter().fold(task, |request, (name, value)| request.header(*name, *value));
        send(task).await.expect_problem(403, "csrf_refused");
        for path in ["/auth/refresh", "/auth/logout"] {
            call(api, Method::POST, path, &cookies, headers).await.expect_problem(403, "csrf_refused");
        }
        let unknown = format!("/sessions/{}", uuid::Uuid::nil());
        call(api, Method::DELETE, &unknown, &cookies, headers).await.expect_problem(403, "csrf_refused");
        let login = api.request(Method::POST, "/auth/login").json(&login_body(&company, true));
        let login = headers.iter().fold(login, |request, (name, value)| request.header(*name, *value));
        let login = send(login).await.expect_problem(403, "csrf_refused");
        assert_eq!(login.headers.get(SET_COOKIE), None);
        call(api, Method::GET, "/me", &cookies, headers).await.expect_status(200);
    }
    assert_eq!(company.worker.api.tasks_by_id().await.len(), 0);
    for headers in [&[SAME_ORIGIN][..], &[("origin", &own)]] {
        let task = api.request(Method::POST, "/tasks").header(COOKIE, &cookies).json(&json!({ "title": "Own" }));
        let task = headers.iter().fold(task, |request, (name, value)| request.header(*name, *value));
        send(task).await.expect_status(201);
    }
    company.finish().await;
}

#[tokio::test]
async fn an_authorization_header_counts_instead_of_the_cookie() {
    let company = Company::new().await;
    let cookies = cookie_line(&login(&company).await);
    let admin = &company.admin.api;
    let me = call(admin, Method::GET, "/me", &cookies, &[]).await.expect_status(200);
    assert_eq!(me.json["id"], *company.admin.id);
    // A page of another origin cannot send this header, so the request needs no further proof.
    let task = admin.request(Method::POST, "/tasks").header(COOKIE, &cookies).json(&json!({ "title": "By token" }));
    send(task).await.expect_status(201);
    let garbage = company.system.api.with_token("garbage");
    call(&garbage, Method::GET, "/me", &cookies, &[]).await.expect_problem(401, "identity.token_invalid");
    let basic = call(&company.system.api, Method::GET, "/me", &cookies, &[("authorization", "Basic eDp5")]).await;
    basic.expect_problem(401, "not_authenticated");
    let twice = admin.request(Method::GET, "/me").header("authorization", "Bearer another");
    send(twice).await.expect_problem(401, "not_authenticated");
    company.finish().await;
}

#[tokio::test]
async fn a_cookie_of_one_kind_is_refused_in_the_place_of_the_other() {
    let company = Company::new().await;
    let api = &company.system.api;
    let cookies = login(&company).await;
    let (access, refresh) = (&cookies[0].1, &cookies[1].1);
    let swapped = format!("piecework_access={refresh}; piecework_refresh={access}");
    call(api, Method::GET, "/me", &swapped, &[]).await.expect_problem(401, "identity.token_invalid");
    let refused = call(api, Method::POST, "/auth/refresh", &swapped, &[SAME_ORIGIN]).await;
    refused.expect_problem(401, "identity.refresh_invalid");
    // The tokens of cookies are the same kinds of tokens as those of programs.
    api.with_token(access).get("/me").await.expect_status(200);
    api.with_token(refresh).get("/me").await.expect_problem(401, "identity.token_invalid");
    api.post("/auth/refresh", &json!({ "refresh_token": access }))
        .await
        .expect_problem(401, "identity.refresh_invalid");
    company.finish().await;
}

#[tokio::test]
async fn a_refresh_without_a_body_and_without_a_cookie_asks_to_log_in_again() {
    let company = Company::new().await;
    let api = &company.system.api;
    api.post_nothing("/auth/refresh").await.expect_problem(401, "identity.refresh_invalid");
    api.post("/auth/refresh", &json!({})).await.expect_problem(400, "malformed_request");
    // With a body the cookie does not count.
    let cookies = cookie_line(&login(&company).await);
    let request = api.request(Method::POST, "/auth/refresh").header(COOKIE, cookies);
    let answer = send(request.json(&json!({ "refresh_token": "unknown" }))).await;
    answer.expect_problem(401, "identity.refresh_invalid");
    company.finish().await;
}

#[tokio::test]
async fn a_refused_token_is_named_in_the_challenge_and_a_missing_one_is_not() {
    let company = Company::new().await;
    let challenge = |answer: Answer| answer.header("www-authenticate").map(str::to_owned);
    let missing = company.system.api.get("/me").await.expect_problem(401, "not_authenticated");
    assert_eq!(challenge(missing).as_deref(), Some("Bearer"));
    let garbage = company.system.api.with_token("garbage").get("/me").await;
    let garbage = garbage.expect_problem(401, "identity.token_invalid");
    assert_eq!(challenge(garbage).as_deref(), Some("Bearer error=\"invalid_token\""));
    company.worker.api.post_nothing("/auth/logout").await.expect_status(204);
    let revoked = company.worker.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    assert_eq!(challenge(revoked).as_deref(), Some("Bearer error=\"invalid_token\""));
    company.finish().await;
}

#[tokio::test]
async fn no_page_of_another_origin_may_read_an_answer() {
    let company = Company::new().await;
    for path in ["/me", "/nowhere", "/openapi.json"] {
        for method in [Method::GET, Method::OPTIONS] {
            let request = company.worker.api.request(method.clone(), path).header(ORIGIN, "https://app.example.org");
            let answer = send(request.header("access-control-request-method", "POST")).await;
            let names: Vec<_> = answer.headers.keys().filter(|name| name.as_str().contains("allow-")).collect();
            assert!(names.is_empty(), "{method} {PREFIX}{path}: {names:?}");
        }
    }
    company.finish().await;
}
