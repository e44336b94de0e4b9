//! People by the product's own API: the first admin by the one-time link, the others added by the admin, all of them logged in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Connection, bearer, write_request};
use crate::error::{Error, Result, failed};
use crate::program::Serving;

const PASSWORD: &str = "a password for load tests";
const ADMIN: &str = "ada@example.org";
/// Passwords are hashed two at a time; who finds too many waiting is sent away.
const CONNECTIONS: usize = 4;

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    /// The header that says who is asking.
    pub bearer: String,
}

/// Everybody who is logged in.
#[derive(Debug, Clone)]
pub struct Staff {
    pub admin: Person,
    /// Those who are assigned tasks.
    pub workers: Vec<Person>,
}

/// Hires an admin and so many workers on an empty system.
///
/// # Errors
/// The program refuses something.
pub async fn hire(serving: &Serving, workers: usize) -> Result<Staff> {
    let address = serving.address;
    let token = &serving.greeting["first_admin_token"];
    let body = json!({ "token": token, "email": ADMIN, "name": "Ada Admin", "password": PASSWORD });
    let made = send_all(address, vec![post("/auth/set-password", "", &body)]).await?;
    let admin = log_in(address, &made, &[ADMIN.to_owned()]).await?.pop();
    let Some(admin) = admin else { return failed("there is no admin") };

    let emails: Vec<String> = (0..workers).map(|number| format!("worker{number}@example.org")).collect();
    let add = |(number, email)| {
        let body =
            json!({ "email": email, "name": format!("Worker {number}"), "role": "worker", "password": PASSWORD });
        post("/people", &admin.bearer, &body)
    };
    let added = send_all(address, emails.iter().enumerate().map(add).collect()).await?;
    let workers = log_in(address, &added, &emails).await?;
    Ok(Staff { admin, workers })
}

async fn log_in(address: SocketAddr, people: &[Value], emails: &[String]) -> Result<Vec<Person>> {
    let login = |email: &String| post("/auth/login", "", &json!({ "email": email, "password": PASSWORD }));
    let tokens = send_all(address, emails.iter().map(login).collect()).await?;
    let person = |(person, tokens): (&Value, &Value)| {
        let (id, token) = (person["id"].as_str()?, tokens["access_token"].as_str()?);
        Some(Person { id: id.to_owned(), bearer: bearer(token) })
    };
    let all: Option<Vec<Person>> = people.iter().zip(&tokens).map(person).collect();
    all.map_or_else(|| failed("a login without a token"), Ok)
}

fn post(path: &str, headers: &str, body: &Value) -> Vec<u8> {
    let mut request = Vec::new();
    write_request(&mut request, "POST", &format!("/api/v1{path}"), headers, &body.to_string());
    request
}

/// Sends all of these requests, some at a time; the answers in the same order.
///
/// # Errors
/// An answer is no success.
pub async fn send_all(address: SocketAddr, requests: Vec<Vec<u8>>) -> Result<Vec<Value>> {
    let count = requests.len();
    let waiting = Arc::new(Mutex::new(requests.into_iter().enumerate()));
    let mut senders: JoinSet<Result<Vec<(usize, Value)>>> = JoinSet::new();
    for _ in 0..CONNECTIONS.min(count) {
        let waiting = Arc::clone(&waiting);
        senders.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut answers = Vec::new();
            while let Some((place, request)) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
                let answer = connection.insist(&request).await?;
                if !(200..300).contains(&answer.status) {
                    return failed(format!("{}: {}", answer.status, answer.text()));
                }
                answers.push((place, answer.json()?));
            }
            Ok(answers)
        });
    }
    let mut answers = Vec::with_capacity(count);
    while let Some(sent) = senders.join_next().await {
        answers.extend(sent.map_err(|error| Error::Failed(error.to_string()))??);
    }
    answers.sort_unstable_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
