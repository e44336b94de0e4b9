//! Dumps of the two databases, taken at different moments while people work, are restored and
//! brought into agreement.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use harness::{Api, TestDatabase, empty_database, eventually};
use tokio::task::JoinSet;

use crate::installation::{Installation, People};

/// People who work until the load is stopped.
struct Load {
    clients: JoinSet<()>,
    is_stopped: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
}

impl Load {
    fn start(people: &People) -> Self {
        let mut load = Self { clients: JoinSet::new(), is_stopped: Arc::default(), answers: Arc::default() };
        for person in people.workers.iter().chain([&people.accountant]) {
            load.clients.spawn(work(person.clone(), Arc::clone(&load.is_stopped), Arc::clone(&load.answers)));
        }
        load.clients.spawn(reassign(people.manager.clone(), Arc::clone(&load.is_stopped)));
        load
    }

    /// Waits until this number of further commands are answered.
    async fn go_on(&self, commands: usize) {
        let until = self.answers.load(Ordering::SeqCst) + commands;
        eventually("people work", async || (self.answers.load(Ordering::SeqCst) >= until).then_some(())).await;
    }

    async fn stop(self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
    }
}

/// Creates tasks and completes those that are assigned to the person.
async fn work(person: Api, is_stopped: Arc<AtomicBool>, answers: Arc<AtomicUsize>) {
    let me = person.get("/me").await.ok()["id"].clone();
    while !is_stopped.load(Ordering::SeqCst) {
        let task = person.create_task("Sharpen the pencils").await;
        answers.fetch_add(1, Ordering::SeqCst);
        if task["assignee"]["id"] == me {
            let path = format!("/tasks/{}/complete", task["id"].as_str().unwrap());
            // A reassign may have been faster.
            let answer = person.post_nothing(&path).await;
            assert!([200, 403, 409].contains(&answer.status), "{answer:?}");
            answers.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Requests one run after the other.
async fn reassign(manager: Api, is_stopped: Arc<AtomicBool>) {
    while !is_stopped.load(Ordering::SeqCst) {
        let run = manager.post_nothing("/reassignments").await.expect_status(202).id();
        let path = format!("/reassignments/{run}");
        while manager.read(&path).await["status"] != "completed" {
            tokio::task::yield_now().await;
        }
    }
}

/// Runs one of PostgreSQL's programs, which must succeed.
pub async fn run(program: &str, arguments: Vec<String>) {
    let program: PathBuf = embedded_postgres::find_bin_dir(None).unwrap().join(program);
    let output = tokio::task::spawn_blocking(move || Command::new(program).args(arguments).output().unwrap());
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn dump(database: &TestDatabase, file: &Path) {
    run("pg_dump", vec!["--format=custom".to_owned(), format!("--file={}", file.display()), database.url()]).await;
}

async fn restore(file: &Path) -> TestDatabase {
    let database = empty_database().await;
    let options = ["--no-owner", "--no-privileges", "--exit-on-error"].map(str::to_owned);
    let target = [format!("--dbname={}", database.url()), file.display().to_string()];
    run("pg_restore", [options.to_vec(), target.to_vec()].concat()).await;
    database
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dumps_of_different_moments_under_load_agree_after_replay_and_reconcile() {
    let mut installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    let load = Load::start(&people);
    let [first, second, third] = ["first", "second", "third"].map(|name| installation.beside(name));
    load.go_on(60).await;
    dump(&installation.tracker, &first).await;
    load.go_on(60).await;
    assert!(people.close_day().await > 0, "nobody is paid");
    load.go_on(30).await;
    dump(&installation.accounting, &second).await;
    load.go_on(60).await;
    dump(&installation.tracker, &third).await;
    load.stop().await;
    server.stop().await;

    // The tracker is later than accounting: accounting lacks facts.
    installation.tracker = restore(&third).await;
    installation.accounting = restore(&second).await;
    assert!(!installation.findings().await.is_empty());
    installation.command(&["events", "replay"]).await.ok();
    installation.assert_verified().await;
    let text = installation.command(&["reconcile"]).await.ok();
    assert!(text.contains("Every fee and every reward has its fact"), "{text}");

    // The tracker is earlier than accounting: accounting has facts that never happened.
    installation.tracker = restore(&first).await;
    installation.accounting = restore(&second).await;
    assert!(!installation.findings().await.is_empty());
    installation.command(&["events", "replay"]).await.ok();
    installation.command(&["reconcile", "--apply"]).await.ok();
    installation.assert_verified().await;

    // And people go on.
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(6).await;
    installation.assert_verified().await;
    server.stop().await;
}
