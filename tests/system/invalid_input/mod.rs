//! Invalid input to every operation of the API document.
//!
//! No input causes a 5xx. A refused request gets a problem document and changes no data.

mod bodies;
mod paths;
mod queries;
mod texts;
mod values;

use harness::{Answer, Api, Company, System, send};
use reqwest::Method;
use sqlx::{PgConnection, Row};

use crate::permissions::{Operation, operations};

/// The numbers of rows, and the versions of people, in the database `tracker`.
const TRACKER_ROWS: &str = "
    select array[
        (select count(*) from tasks.tasks),
        (select count(*) from tasks.completed_tasks),
        (select count(*) from tasks.assignments),
        (select count(*) from tasks.reassignments),
        (select sum(version) from identity.people)::bigint,
        (select count(*) from identity.links)
    ]";
/// The numbers of rows, and the sum of the balances, in the database `accounting`.
const ACCOUNTING_ROWS: &str = "
    select array[
        (select count(*) from accounting.transfers),
        (select count(*) from accounting.prices),
        (select count(*) from accounting.days),
        (select count(*) from email.mails),
        (select sum(balance_minor) from accounting.wallets)::bigint
    ]";

/// Sends requests to one application, and checks after each refusal that no data has changed.
struct InputTester<'a> {
    company: &'a Company,
    tracker: PgConnection,
    accounting: PgConnection,
    /// The result of [`Self::count_rows`] after the last request that may have changed data.
    rows: Vec<i64>,
}

impl<'a> InputTester<'a> {
    async fn new(company: &'a Company) -> Self {
        company.system.settle().await;
        let environment = &company.system.environment;
        let (tracker, accounting) = (environment.tracker.connect().await, environment.accounting.connect().await);
        let mut tester = Self { company, tracker, accounting, rows: Vec::new() };
        tester.rows = tester.count_rows().await;
        tester
    }

    /// Asserts that a GET and a refused request have changed no data.
    async fn check(&mut self, method: &Method, what: &str, answer: &Answer) {
        assert!(answer.status < 500, "{what}: {answer:?}");
        assert_ne!(answer.status, 401, "{what} was refused before it was read: {answer:?}");
        if answer.status < 400 && *method != Method::GET {
            self.company.system.settle().await;
            self.rows = self.count_rows().await;
        } else {
            let rows = self.count_rows().await;
            assert_eq!(rows, self.rows, "{what} changed data: {answer:?}");
        }
    }

    /// The figures of both databases.
    async fn count_rows(&mut self) -> Vec<i64> {
        let mut counts = Vec::new();
        for (database, statement) in [(&mut self.tracker, TRACKER_ROWS), (&mut self.accounting, ACCOUNTING_ROWS)] {
            counts.extend(sqlx::query(statement).fetch_one(database).await.unwrap().get::<Vec<i64>, _>(0));
        }
        counts
    }

    async fn send_text(&mut self, operation: &Operation, body: &str) {
        self.send_body(operation, body.as_bytes().to_vec()).await;
    }

    async fn send_body(&mut self, operation: &Operation, body: Vec<u8>) {
        let what = format!("{} {} with {:.200}", operation.method, operation.path, String::from_utf8_lossy(&body));
        let answer = self.api(operation).send_bytes(operation.method.clone(), &operation.path_of_unknown(), body).await;
        // The three operations without a permission answer 401 to unknown credentials.
        if operation.permission().is_some() || answer.status != 401 {
            self.check(&operation.method, &what, &answer).await;
        }
    }

    async fn send_query(&mut self, operation: &Operation, query: &str) -> u16 {
        let path = format!("{}?{query}", operation.path_of_unknown());
        let answer = send(self.api(operation).request(operation.method.clone(), &path)).await;
        self.check(&operation.method, &path, &answer).await;
        answer.status
    }

    fn api(&self, operation: &Operation) -> Api {
        let anonymous = operation.permission().is_none();
        if anonymous { self.company.system.api.clone() } else { self.company.admin.api.clone() }
    }
}

/// A company with a completed and an open task.
async fn prepared() -> Company {
    let company = Company::new().await;
    let task = company.create("Fix the door").await;
    company.complete(&task).await;
    company.create("Still open").await;
    company
}

/// All operations except the logout, which would end the caller's session.
async fn all_operations(company: &Company) -> Vec<Operation> {
    let mut operations = operations(&company.system.api).await;
    operations.retain(|operation| operation.path != "/auth/logout");
    operations
}
