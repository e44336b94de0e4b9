//! An HTTP client of the API. It checks on every answer what all answers have in common, and that
//! the API document declares it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, IF_MATCH};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::document::{self, Sent};

/// The path prefix of every module's routes.
pub const PREFIX: &str = "/api/v1";

/// One caller of the API, with or without a token.
#[derive(Clone)]
pub struct Api {
    client: Client,
    /// Base URLs. Requests go to each of them in turn.
    servers: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    token: Option<String>,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// The body, or null if it is not JSON.
    pub json: Value,
}

impl Api {
    /// A client of one server, without a token.
    #[must_use]
    pub fn anonymous(server: String) -> Self {
        Self::of_several(&[server])
    }

    /// A client whose requests go to several servers in turn.
    #[must_use]
    pub fn of_several(servers: &[String]) -> Self {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, servers: servers.into(), turn: Arc::default(), token: None }
    }

    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller as a client of the servers of `other`.
    #[must_use]
    pub fn moved_to(&self, other: &Self) -> Self {
        Self { token: self.token.clone(), ..other.clone() }
    }

    /// Logs in. The result is a client with the new access token.
    pub async fn login(&self, email: &str, password: &str) -> Self {
        let body = json!({ "email": email, "password": password });
        let tokens = self.post("/auth/login", &body).await.expect_status(200).json;
        self.with_token(tokens["access_token"].as_str().unwrap())
    }

    /// A request to a path below [`PREFIX`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_outside(method, &format!("{PREFIX}{path}"))
    }

    /// A request to any path of the server.
    pub fn request_outside(&self, method: Method, path: &str) -> RequestBuilder {
        let server = &self.servers[self.turn.fetch_add(1, Ordering::Relaxed) % self.servers.len()];
        let request = self.client.request(method, format!("{server}{path}"));
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// A POST without a body.
    pub async fn post_nothing(&self, path: &str) -> Answer {
        send(self.request(Method::POST, path)).await
    }

    /// A POST with an idempotency key. A null body is sent as no body.
    pub async fn post_keyed(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key);
        send(if body.is_null() { request } else { request.json(body) }).await
    }

    /// A POST to a server that may be killed before it answers. A null body is sent as no body.
    ///
    /// # Errors
    /// The connection breaks before the answer is complete.
    pub async fn try_post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        let request = self.request(Method::POST, path);
        let request = if body.is_null() { request } else { request.json(body) };
        exchange(request).await
    }

    /// A PATCH of any version of the resource.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.patch_version(path, "*", body).await
    }

    /// A PATCH of the version of the resource that has this ETag.
    pub async fn patch_version(&self, path: &str, etag: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).header(IF_MATCH, etag).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// A GET with this `Accept`.
    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        send(self.request(Method::GET, path).header(ACCEPT, accept)).await
    }

    /// Sends any bytes with the content type of JSON, for any version of the resource.
    pub async fn send_bytes(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let request = self.request(method, path).header(IF_MATCH, "*");
        send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// The body of a GET that must succeed.
    pub async fn read(&self, path: &str) -> Value {
        self.get(path).await.expect_status(200).json
    }

    /// Every item of a list, read in pages of `limit` items.
    pub async fn read_all(&self, path: &str, limit: u16) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.read(&page_path(path, separator, limit, cursor.as_deref())).await;
            let found = page["items"].as_array().unwrap();
            assert!(found.len() <= usize::from(limit), "a page of {path} is longer than its limit");
            items.extend(found.iter().cloned());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return items;
            }
        }
    }

    /// Every task that the caller sees, by id.
    pub async fn tasks_by_id(&self) -> BTreeMap<String, Value> {
        let by_id = |task: Value| (task["id"].as_str().unwrap().to_owned(), task);
        self.read_all("/tasks", 200).await.into_iter().map(by_id).collect()
    }

    pub async fn create_task(&self, title: &str) -> Value {
        self.post("/tasks", &json!({ "title": title })).await.expect_status(201).json
    }
}

/// The path of one page of a list. `separator` is `?`, or `&` if the path has a query already.
#[must_use]
pub fn page_path(path: &str, separator: char, limit: u16, cursor: Option<&str>) -> String {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("{path}{separator}limit={limit}{cursor}")
}

/// Sends a request and reads its answer.
pub async fn send(request: RequestBuilder) -> Answer {
    exchange(request).await.expect("the server answers completely")
}

/// Sends a request, reads its answer, and checks it against the API document.
async fn exchange(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, path) = (request.method().to_string(), request.url().path().to_owned());
    let answer = Answer::read(client.execute(request).await?).await?;
    answer.check();
    let sent = Sent {
        method: &method,
        path: &path,
        status: answer.status,
        content_type: answer.header("content-type"),
        text: &answer.text,
    };
    document::check(&sent).unwrap_or_else(|difference| panic!("{difference}"));
    Ok(answer)
}

impl Answer {
    async fn read(response: Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // An event stream may have no end.
        let is_stream = headers.get(CONTENT_TYPE).is_some_and(|value| value == "text/event-stream");
        let text = if is_stream { String::new() } else { response.text().await? };
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Self { status, headers, text, json })
    }

    /// Every answer has a request id, and every creation a location. Every error is a problem
    /// document with the same id.
    fn check(&self) {
        let id = self.header("x-request-id").expect("every answer has a request id");
        assert!(self.status != 201 || self.header("location").is_some(), "{self:?}");
        if self.status >= 400 {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
            // The answer to HEAD has no body.
            if !self.text.is_empty() {
                assert_eq!(self.json["request_id"].as_str(), Some(id), "{self:?}");
                assert_eq!(self.json["status"], self.status, "{self:?}");
                assert!(self.json["code"].as_str().is_some_and(|code| !code.is_empty()), "{self:?}");
            }
        }
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json
    }

    /// The stable code of an error, or an empty text.
    #[must_use]
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// An error with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{self:?}");
        self
    }

    /// The id of the resource in the body.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("an id in {self:?}")).to_owned()
    }
}

/// The minor units of an amount of money in JSON.
#[track_caller]
pub fn minor(money: &Value) -> i64 {
    assert_eq!(money["currency"], "USD", "{money}");
    money["amount_minor"].as_i64().unwrap_or_else(|| panic!("an integer amount in {money}"))
}

/// The path that completes a task.
#[must_use]
pub fn complete_path(task: &Value) -> String {
    format!("/tasks/{}/complete", task["id"].as_str().unwrap())
}
