//! Every operation as every role: document, code and answers agree on the permissions (DOMAIN).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use contracts::{Role, permission};
use harness::{Answer, Api, Company, PREFIX, send};
use reqwest::Method;
use serde_json::{Value, json};

/// The table of rights. A new route, or a changed permission, is a diff of this committed file.
const MATRIX: &str = include_str!("permissions.txt");
/// An id that no resource has.
const UNUSED_ID: &str = "00000000-0000-7000-8000-000000000000";
/// A module that subscribes to events.
const MODULE: &str = "accounting";
/// A date before the first business day.
const UNUSED_DATE: &str = "2001-01-01";

/// One method of one path, as the API document describes it.
pub struct Operation {
    pub method: Method,
    /// The path below the API's prefix, such as `/tasks/{id}`.
    pub path: String,
    pub details: Value,
}

impl Operation {
    pub fn permission(&self) -> Option<&str> {
        self.details["x-permission"].as_str()
    }

    pub fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.details["parameters"].as_array();
        all.into_iter().flatten().filter(|parameter| parameter["in"] == place).collect()
    }

    /// The path with a value for each parameter.
    pub fn path_with(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = self.path.clone();
        for parameter in self.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            path = path.replace(&format!("{{{name}}}"), &value(name));
        }
        assert!(!path.contains('{'), "{path} has a parameter that the document does not describe");
        path
    }

    /// The path of a resource that does not exist.
    pub fn path_of_unknown(&self) -> String {
        self.path_with(|name| {
            let value = match name {
                "date" => UNUSED_DATE,
                "module" => MODULE,
                _ => UNUSED_ID,
            };
            value.to_owned()
        })
    }
}

/// Every operation of the API document, in its order.
pub async fn operations(api: &Api) -> Vec<Operation> {
    let document = api.read("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, details) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            let path = path.strip_prefix(PREFIX).unwrap().to_owned();
            operations.push(Operation { method, path, details: details.clone() });
        }
    }
    operations
}

/// The roles that have the permission in the code.
fn roles_in_code(name: &str) -> BTreeSet<&'static str> {
    let found = permission::ALL.iter().find(|(known, _)| *known == name);
    let (_, roles) = found.unwrap_or_else(|| panic!("permission::ALL has no {name}"));
    roles.iter().map(|role| role.as_str()).collect()
}

/// Sends the operation's request for a resource that does not exist.
async fn call(api: &Api, operation: &Operation) -> Answer {
    let request = api.request(operation.method.clone(), &operation.path_of_unknown());
    let takes_body = operation.details.get("requestBody").is_some();
    let answer = send(if takes_body { request.json(&json!({})) } else { request }).await;
    assert!(answer.status < 500, "{} {} answers {answer:?}", operation.method, operation.path);
    answer
}

/// The roles that are not refused. A refusal must have the gateway's code.
async fn allowed_roles(company: &Company, operation: &Operation) -> BTreeSet<&'static str> {
    let mut allowed = BTreeSet::new();
    for role in Role::ALL {
        let answer = call(&company.of(role).api, operation).await;
        match answer.status {
            401 => panic!("{} {} does not know a {role}: {answer:?}", operation.method, operation.path),
            403 => assert_eq!(answer.json["code"], "forbidden", "{answer:?}"),
            _ => {
                allowed.insert(role.as_str());
            }
        }
    }
    allowed
}

/// Asserts that the operation needs a valid token.
async fn assert_guarded(company: &Company, operation: &Operation) {
    let anonymous = call(&company.system.api, operation).await;
    anonymous.expect_problem(401, "not_authenticated");
    let garbage = call(&company.system.api.with_token("eyJhbGciOiJub25lIn0.e30."), operation).await;
    garbage.expect_problem(401, "identity.token_invalid");
}

#[tokio::test]
async fn every_route_answers_every_role_according_to_the_table_of_rights() {
    let company = Company::new().await;
    let mut operations = operations(&company.system.api).await;
    // The logout ends the session, so it comes last.
    operations.sort_by_key(|operation| operation.path == "/auth/logout");
    let mut lines = BTreeSet::new();
    for operation in &operations {
        let allowed: Vec<&str> = match operation.permission() {
            Some(permission) => {
                assert_guarded(&company, operation).await;
                let allowed = allowed_roles(&company, operation).await;
                let expected = roles_in_code(permission);
                assert_eq!(allowed, expected, "{} {} needs {permission}", operation.method, operation.path);
                Role::ALL.iter().map(|role| role.as_str()).filter(|role| allowed.contains(role)).collect()
            }
            None => {
                let answer = call(&company.system.api, operation).await;
                assert_ne!(answer.json["code"], "not_authenticated", "{} {}", operation.method, operation.path);
                vec!["anybody"]
            }
        };
        let permission = operation.permission().unwrap_or("(unguarded)");
        let method = operation.method.as_str();
        lines.insert(format!("{:<45} {method:<6} {permission:<17} {}", operation.path, allowed.join(" ")));
    }
    let mut matrix = MATRIX.lines().take_while(|line| line.starts_with('#')).fold(String::new(), |mut head, line| {
        writeln!(head, "{line}").unwrap();
        head
    });
    for line in &lines {
        writeln!(matrix, "{line}").unwrap();
    }
    if matrix != MATRIX {
        let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("permissions.txt");
        std::fs::write(&actual, &matrix).unwrap();
        panic!(
            "tests/system/permissions.txt differs from the gateway's answers, which are in {}:\n{matrix}",
            actual.display()
        );
    }
    company.finish().await;
}
