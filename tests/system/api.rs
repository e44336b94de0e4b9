//! What a test sends and what it gets; every answer is checked for what all answers promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

/// Where every module's routes are.
pub const PREFIX: &str = "/api/v1";

/// One caller of the API: somebody with a token, or nobody.
#[derive(Clone)]
pub struct Api {
    client: Client,
    /// Asked in turn.
    servers: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    token: Option<String>,
}

/// An answer that has arrived whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null where the answer is not JSON.
    pub json: Value,
}

impl Api {
    pub fn anonymous(server: String) -> Self {
        Self::of_several(&[server])
    }

    /// Each request goes to another server than the one before.
    pub fn of_several(servers: &[String]) -> Self {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, servers: servers.into(), turn: Arc::default(), token: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A request to a path below the API's prefix.
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

    pub async fn post_nothing(&self, path: &str) -> Answer {
        send(self.request(Method::POST, path)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Bytes that claim to be JSON.
    pub async fn send_bytes(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        send(self.request(method, path).header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// What a GET that must work answers.
    pub async fn read(&self, path: &str) -> Value {
        self.get(path).await.expect_status(200).json
    }

    /// Every item of a list, page by page.
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
}

pub fn page_path(path: &str, separator: char, limit: u16, cursor: Option<&str>) -> String {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("{path}{separator}limit={limit}{cursor}")
}

pub async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.expect("the server answers")).await
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the answer arrives whole");
        let json = serde_json::from_str(&text).unwrap_or_default();
        let answer = Self { status, headers, text, json };
        answer.check();
        answer
    }

    /// A request id on every answer; a problem document with that id on every error.
    fn check(&self) {
        let id = self.header("x-request-id").expect("every answer has a request id");
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

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A refusal with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{self:?}");
        self
    }

    /// The id of what the answer shows.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("an id in {self:?}")).to_owned()
    }
}

/// An amount in minor units.
#[track_caller]
pub fn minor(money: &Value) -> i64 {
    assert_eq!(money["currency"], "USD", "{money}");
    money["amount_minor"].as_i64().unwrap_or_else(|| panic!("an integer amount in {money}"))
}
