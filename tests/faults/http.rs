//! A client of the API that says what it got.

use std::collections::BTreeMap;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::program::PASSWORD;

/// Whoever is logged in, or nobody.
#[derive(Clone)]
pub struct Api {
    client: Client,
    url: String,
    token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "this was refused: {self:#?}");
        self.body
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl Api {
    pub fn at(url: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self { client, url: url.to_owned(), token: None }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same person at another address.
    pub fn moved_to(&self, other: &Self) -> Self {
        Self { url: other.url.clone(), ..self.clone() }
    }

    pub async fn log_in(&self, email: &str) -> Self {
        self.log_in_with(email, PASSWORD).await
    }

    pub async fn log_in_with(&self, email: &str, password: &str) -> Self {
        let answer = self.post("/auth/login", json!({ "email": email, "password": password })).await.ok();
        Self { token: Some(answer["access_token"].as_str().unwrap().to_owned()), ..self.clone() }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        read(self.request(Method::PATCH, path).json(&body).send().await.unwrap()).await
    }

    /// For a server that may die meanwhile: then there is no answer.
    pub async fn try_post(&self, path: &str, body: Value) -> Result<Answer, reqwest::Error> {
        let request = self.request(Method::POST, path);
        // Null stands for no body at all.
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// An answer whose body is still coming.
    pub async fn stream(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Every item of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let mut page = self.get(&format!("{path}{separator}limit=200{cursor}")).await.ok();
            items.append(page["items"].as_array_mut().unwrap());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Every task by id.
    pub async fn tasks(&self) -> BTreeMap<String, Value> {
        let by_id = |task: Value| (task["id"].as_str().unwrap().to_owned(), task);
        self.all("/tasks").await.into_iter().map(by_id).collect()
    }

    pub async fn create_task(&self, title: &str) -> Value {
        self.post("/tasks", json!({ "title": title })).await.ok()
    }
}

async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}
