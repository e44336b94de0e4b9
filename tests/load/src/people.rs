//! Creates people over the API and logs them in: the first admin by the one-time link, the workers
//! by the admin.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Connection, bearer, write_request};
use crate::error::{Error, Result, failed};
use crate::program::Process;

/// The password of all people.
const PASSWORD: &str = "a password for load tests";

/// The email address of the admin.
const ADMIN_EMAIL: &str = "ada@example.org";

/// Number of requests that are sent concurrently. The program hashes few passwords at a time
/// and refuses further requests when too many wait.
const CONNECTIONS: usize = 4;

/// A person who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The person's id.
    pub id: String,
    /// The person's e-mail address.
    pub email: String,
    /// The header that authenticates the person's requests.
    pub bearer: String,
}

/// The people of an installation.
#[derive(Debug, Clone)]
pub struct People {
    /// The first admin.
    pub admin: Person,
    /// The people who are assigned tasks.
    pub workers: Vec<Person>,
}

/// Creates an admin and `workers` workers on an empty installation.
///
/// # Errors
/// The program refuses a request.
pub async fn create_people(process: &Process, workers: usize) -> Result<People> {
    let address = process.address;
    let token = &process.startup_message["first_admin_token"];
    let body = json!({ "token": token, "email": ADMIN_EMAIL, "name": "Ada Admin", "password": PASSWORD });
    let created = send_all(address, vec![post("/auth/set-password", "", &body)]).await?;
    let admin = login(address, &created, &[ADMIN_EMAIL.to_owned()]).await?.pop();
    let Some(admin) = admin else { return failed("the admin was not created") };

    let emails: Vec<String> = (0..workers).map(|number| format!("worker{number}@example.org")).collect();
    let create = |(number, email)| {
        let body =
            json!({ "email": email, "name": format!("Worker {number}"), "role": "worker", "password": PASSWORD });
        post("/people", &admin.bearer, &body)
    };
    let created = send_all(address, emails.iter().enumerate().map(create).collect()).await?;
    let workers = login(address, &created, &emails).await?;
    Ok(People { admin, workers })
}

async fn login(address: SocketAddr, people: &[Value], emails: &[String]) -> Result<Vec<Person>> {
    let tokens = send_all(address, emails.iter().map(|email| login_request(email)).collect()).await?;
    let person = |((person, email), tokens): ((&Value, &String), &Value)| {
        let (id, token) = (person["id"].as_str()?, tokens["access_token"].as_str()?);
        Some(Person { id: id.to_owned(), email: email.clone(), bearer: bearer(token) })
    };
    let all: Option<Vec<Person>> = people.iter().zip(emails).zip(&tokens).map(person).collect();
    all.map_or_else(|| failed("the answer to a login has no token"), Ok)
}

/// The request that logs in the person with this address.
pub fn login_request(email: &str) -> Vec<u8> {
    post("/auth/login", "", &json!({ "email": email, "password": PASSWORD }))
}

fn post(path: &str, headers: &str, body: &Value) -> Vec<u8> {
    let mut request = Vec::new();
    write_request(&mut request, "POST", &format!("/api/v1{path}"), headers, &body.to_string());
    request
}

/// Sends all requests, some of them concurrently. The answers are in the order of the requests.
///
/// # Errors
/// An answer is not a success.
pub async fn send_all(address: SocketAddr, requests: Vec<Vec<u8>>) -> Result<Vec<Value>> {
    let count = requests.len();
    let remaining = Arc::new(Mutex::new(requests.into_iter().enumerate()));
    let mut senders: JoinSet<Result<Vec<(usize, Value)>>> = JoinSet::new();
    for _ in 0..CONNECTIONS.min(count) {
        let remaining = Arc::clone(&remaining);
        senders.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut answers = Vec::new();
            while let Some((index, request)) = remaining.lock().ok().and_then(|mut remaining| remaining.next()) {
                let answer = connection.send_with_retry(&request).await?;
                if !(200..300).contains(&answer.status) {
                    return failed(format!("{}: {}", answer.status, answer.text()));
                }
                answers.push((index, answer.json()?));
            }
            Ok(answers)
        });
    }
    let mut answers = Vec::with_capacity(count);
    while let Some(sent) = senders.join_next().await {
        answers.extend(sent.map_err(|error| Error::Failed(error.to_string()))??);
    }
    answers.sort_unstable_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
