//! Every operation with every kind of credential of an admin, so that only the credential decides.

use std::fmt::Write;
use std::path::Path;

use contracts::Role;
use harness::{Answer, Api, Company, PASSWORD, Person, System, send};
use reqwest::Method;
use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};

use crate::permissions::{Operation, operations};

/// The committed table. A new route, or a changed answer to a credential, is a diff of this file.
const TABLE: &str = include_str!("credentials.txt");
/// The width of the columns with the path, the method and each answer.
const WIDTHS: (usize, usize, usize) = (49, 7, 9);

/// A way in which a request may say who sends it.
struct Kind {
    name: &'static str,
    api: Api,
    headers: Vec<(&'static str, String)>,
}

impl Kind {
    const fn bearer(name: &'static str, api: Api) -> Self {
        Self { name, api, headers: Vec::new() }
    }

    /// Sends the operation's request for a resource that does not exist.
    async fn call(&self, operation: &Operation) -> Answer {
        let request = self.api.request(operation.method.clone(), &operation.path_of_unknown());
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let takes_body = operation.details.get("requestBody").is_some();
        send(if takes_body { request.json(&json!({})) } else { request }).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The cookies of a new session of the person, as a browser sends them.
async fn cookies(company: &Company, person: &Person) -> String {
    let body = json!({ "email": person.email, "password": PASSWORD, "cookies": true });
    let request = company.system.api.request(Method::POST, "/auth/login").header("sec-fetch-site", "same-origin");
    let answer = send(request.json(&body)).await.expect_status(200);
    let set = answer.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    set.map(|value| value.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

async fn api_token(person: &Person, scope: &str) -> String {
    let new = json!({ "name": "Script", "scopes": [scope], "expires_at": "2026-12-01T00:00:00Z" });
    text(&person.api.post("/me/tokens", &new).await.expect_status(201).json["token"])
}

/// Every kind of credential. The last two belong to an admin who was deactivated.
async fn kinds(company: &Company) -> Vec<Kind> {
    let (anonymous, admin) = (&company.system.api, &company.admin);
    let left = company.system.hire(admin, Role::Admin, "Eve").await;
    let token_of_left = api_token(&left, "write").await;
    let path = format!("/people/{}", left.id);
    admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);

    let login = json!({ "email": admin.email, "password": PASSWORD });
    let tokens = anonymous.post("/auth/login", &login).await.expect_status(200).json;
    let links = format!("/people/{}/set-password-links", company.worker.id);
    let link = text(&admin.api.post_nothing(&links).await.expect_status(201).json["set_password_token"]);
    let by_cookie = |name, cookies: String, site: &str| Kind {
        name,
        api: anonymous.clone(),
        headers: vec![("cookie", cookies), ("sec-fetch-site", site.to_owned())],
    };
    vec![
        Kind::bearer("none", anonymous.clone()),
        Kind::bearer("access", anonymous.with_token(&text(&tokens["access_token"]))),
        by_cookie("cookie", cookies(company, admin).await, "same-origin"),
        by_cookie("foreign", cookies(company, admin).await, "cross-site"),
        Kind::bearer("read", anonymous.with_token(&api_token(admin, "read").await)),
        Kind::bearer("write", anonymous.with_token(&api_token(admin, "write").await)),
        Kind::bearer("refresh", anonymous.with_token(&text(&tokens["refresh_token"]))),
        Kind::bearer("link", anonymous.with_token(&link)),
        Kind::bearer("left", left.api),
        Kind::bearer("left_api", anonymous.with_token(&token_of_left)),
    ]
}

/// The word of the table for an answer. A refusal that the table does not know fails.
fn word(answer: &Answer) -> &'static str {
    match (answer.status, answer.code()) {
        (401, "not_authenticated") => "401",
        (401, "identity.token_invalid") => "invalid",
        (401, "identity.token_revoked") => "revoked",
        (403, "csrf_refused") => "csrf",
        (403, "insufficient_scope") => "scope",
        (403, "session_required") => "session",
        (401 | 403, code) => panic!("no word of the table for {code}: {answer:?}"),
        (status, _) if status >= 500 => panic!("{answer:?}"),
        _ => "yes",
    }
}

fn row(path: &str, method: &str, words: &[&str]) -> String {
    let (path_width, method_width, width) = WIDTHS;
    let words: Vec<String> = words.iter().map(|word| format!("{word:<width$}")).collect();
    format!("{path:<path_width$} {method:<method_width$}{}", words.join("")).trim_end().to_owned()
}

#[tokio::test]
async fn every_route_answers_every_kind_of_credential_according_to_the_table() {
    let company = Company::new().await;
    let kinds = kinds(&company).await;
    let mut operations = operations(&company.system.api).await;
    // The logout ends sessions, so it comes last.
    operations.sort_by_key(|operation| operation.path == "/auth/logout");
    let mut rows = Vec::new();
    for operation in &operations {
        let mut words = Vec::new();
        for kind in &kinds {
            words.push(word(&kind.call(operation).await));
        }
        rows.push(row(&operation.path, operation.method.as_str(), &words));
    }
    rows.sort();
    let mut table = TABLE.lines().take_while(|line| line.starts_with('#')).fold(String::new(), |mut head, line| {
        writeln!(head, "{line}").unwrap();
        head
    });
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    for line in std::iter::once(row("path", "method", &names)).chain(rows) {
        writeln!(table, "{line}").unwrap();
    }
    if table != TABLE {
        let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("credentials.txt");
        std::fs::write(&actual, &table).unwrap();
        panic!("tests/system/credentials.txt differs from the answers, which are in {}:\n{table}", actual.display());
    }
    company.finish().await;
}
