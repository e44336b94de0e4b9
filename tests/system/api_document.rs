//! The rules of the API document: what every operation, response, parameter and schema declares.
//! Each finding names its place and what to add there.

use std::collections::{BTreeMap, BTreeSet};

use harness::document::{document, validator};
use harness::{Company, send};
use reqwest::Method;
use serde_json::Value;

/// Codes that no operation answers with: no operation exists, or only a command has them.
const CODES_WITHOUT_OPERATION: [&str; 3] = ["accounting.too_many_due_days", "method_not_allowed", "no_such_route"];
/// Fields and parameters that have one of a few values.
const ENUMERATIONS: [&str; 8] = ["code", "kind", "language", "period", "role", "state", "status", "token_type"];
/// Parameters of OpenID Connect, whose values the provider chooses.
const PROVIDER_PARAMETERS: [&str; 2] = ["code", "state"];
/// Integers that may be negative.
const SIGNED: [&str; 1] = ["amount_minor"];

/// An operation with its method and path, such as `get /api/v1/tasks`.
fn operations() -> Vec<(String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    operations.collect()
}

/// A value or the component that it refers to.
fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => document().pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// Every response with its place, such as `get /api/v1/tasks 200`.
fn responses() -> Vec<(String, u16, &'static Value)> {
    let all = operations().into_iter().flat_map(|(name, operation)| {
        operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .map(move |(status, response)| (format!("{name} {status}"), status.parse().unwrap(), resolve(response)))
    });
    all.collect()
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null" || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
}

/// Whether a schema allows null.
fn is_nullable(schema: &Value) -> bool {
    is_null(schema) || schema["oneOf"].as_array().is_some_and(|choices| choices.iter().any(is_null))
}

/// The object schemas that a schema consists of or refers to, with their places.
fn objects(schema: &'static Value, place: &str, found: &mut BTreeMap<String, &'static Value>) {
    if let Some(reference) = schema["$ref"].as_str() {
        if !found.contains_key(reference) {
            found.insert(reference.to_owned(), resolve(schema));
            objects(resolve(schema), reference, found);
        }
        return;
    }
    found.insert(place.to_owned(), schema);
    for list in ["allOf", "oneOf", "anyOf"] {
        for (index, part) in schema[list].as_array().into_iter().flatten().enumerate() {
            objects(part, &format!("{place}/{list}/{index}"), found);
        }
    }
    if schema["items"].is_object() {
        objects(&schema["items"], &format!("{place}/items"), found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        objects(property, &format!("{place}/{name}"), found);
    }
}

/// The object schemas of all successful answers, with their places.
fn answered() -> BTreeMap<String, &'static Value> {
    let mut found = BTreeMap::new();
    for (place, _, response) in responses().into_iter().filter(|(_, status, _)| *status < 400) {
        for (kind, content) in response["content"].as_object().into_iter().flatten() {
            objects(&content["schema"], &format!("{place} {kind}"), &mut found);
        }
    }
    found
}

/// The object schemas of all request bodies, with their places.
fn requested() -> BTreeMap<String, &'static Value> {
    let mut found = BTreeMap::new();
    for (name, operation) in operations() {
        for (_, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            objects(&content["schema"], &format!("{name} request"), &mut found);
        }
    }
    found
}

#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn every_response_has_a_description_and_every_problem_names_its_codes() {
    let mut findings = Vec::new();
    for (place, status, response) in responses() {
        if response["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
            findings.push(format!("{place}: add `description = \"…\"` to the response"));
        }
        let contents = response["content"].as_object();
        let is_problem = contents.is_some_and(|contents| contents.contains_key("application/problem+json"));
        if is_problem != (status >= 400) {
            findings.push(format!("{place}: a problem is `body = ProblemDocument`, and no other response is"));
        }
        let examples = response["content"]["application/problem+json"]["examples"].as_object();
        if status >= 400 && examples.is_none_or(serde_json::Map::is_empty) {
            findings.push(format!(
                "{place}: name each code between backticks in the description, such as `invalid_request`; a code that \
                 is named has to be in a table `PROBLEM_CODES` with the status {status}"
            ));
        }
    }
    assert_none(&findings);
}

#[test]
fn every_code_is_declared_by_an_operation() {
    let mut declared: BTreeSet<&str> = CODES_WITHOUT_OPERATION.into();
    for (_, _, response) in responses() {
        let examples = response["content"]["application/problem+json"]["examples"].as_object();
        declared.extend(examples.into_iter().flatten().map(|(code, _)| code.as_str()));
    }
    let codes = document()["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    let missing = codes.iter().map(|code| code.as_str().unwrap()).filter(|code| !declared.contains(code));
    let finding = |code| format!("{code}: name it in the description of the response of the operation that answers it");
    assert_none(&missing.map(finding).collect::<Vec<_>>());
}

#[test]
fn every_operation_has_a_summary_a_tag_and_described_parameters() {
    let tags: Vec<&Value> = document()["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut findings = Vec::new();
    for (name, operation) in operations() {
        let mut check = |is_right: bool, problem: &str| {
            if !is_right {
                findings.push(format!("{name}: {problem}"));
            }
        };
        check(operation["summary"].is_string(), "it has no summary: write a `///` line above the attribute");
        let own = operation["tags"].as_array().map_or(&[][..], Vec::as_slice);
        check(
            own.len() == 1 && own.iter().all(|tag| tags.contains(&tag)),
            "it has no tag that the catalogue describes",
        );
        let is_guarded = operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty());
        check(is_guarded == operation["x-permission"].is_string(), "`security` and `x-permission` go together");
        for parameter in operation["parameters"].as_array().into_iter().flatten().map(resolve) {
            let (label, schema) = (&parameter["name"], resolve(&parameter["schema"]));
            let mut check = |is_right: bool, problem: &str| check(is_right, &format!("parameter {label}: {problem}"));
            check(parameter["description"].is_string(), "it has no description");
            check(!is_nullable(schema), "a parameter is never null");
            if parameter["in"] == "path" {
                check(parameter["required"] == true, "a path parameter is required");
                let is_typed =
                    schema["format"].is_string() || schema["enum"].is_array() || schema["pattern"].is_string();
                check(is_typed, "a path parameter has a format, an enumeration or a pattern");
            }
            if label == "limit" {
                let bounds = (&schema["minimum"], &schema["maximum"]);
                check(bounds == (&1.into(), &200.into()), "a limit is 1 to 200");
            }
            let has_few_values = |label| ENUMERATIONS.contains(&label) && !PROVIDER_PARAMETERS.contains(&label);
            if label.as_str().is_some_and(has_few_values) {
                check(schema["enum"].is_array(), "it has a few values, so its schema is an enumeration");
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn a_field_of_an_answer_is_always_there_or_never_null() {
    let mut findings = Vec::new();
    for (place, schema) in answered() {
        let required: Vec<&Value> = schema["required"].as_array().into_iter().flatten().collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = required.iter().any(|required| *required == name);
            if !is_required && is_nullable(property) {
                findings.push(format!(
                    "{place}/{name}: add `#[schema(required)]` if the field is always there, or \
                     `#[schema(nullable = false)]` if it is left out instead of null"
                ));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn a_field_with_few_values_is_an_enumeration_and_a_number_has_a_minimum() {
    let mut findings = Vec::new();
    let mut schemas = answered();
    schemas.extend(requested());
    for (place, schema) in schemas {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let choices = property["oneOf"].as_array().into_iter().flatten().chain([property]).map(resolve);
            let kinds: Vec<&Value> =
                choices.filter(|choice| !choice["oneOf"].is_array() && choice["type"] != "null").collect();
            let is_enumeration = kinds
                .iter()
                .all(|kind| kind["type"] == "integer" || kind["enum"].is_array() || kind["const"].is_string());
            if ENUMERATIONS.contains(&name.as_str()) && !is_enumeration {
                findings.push(format!("{place}/{name}: it has a few values; declare a type that derives `ToSchema`"));
            }
            let is_integer = property["type"] == "integer" || property["type"][0] == "integer";
            if is_integer && property["minimum"].is_null() && !SIGNED.contains(&name.as_str()) {
                findings.push(format!("{place}/{name}: add `#[schema(minimum = 0)]`"));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn a_request_body_allows_no_other_fields() {
    let is_open = |schema: &Value| schema["properties"].is_object() && schema["additionalProperties"] != false;
    let open = requested().into_iter().filter(|(_, schema)| is_open(schema));
    assert_none(&open.map(|(place, _)| format!("{place}: add `#[serde(deny_unknown_fields)]`")).collect::<Vec<_>>());
}

#[test]
fn every_schema_is_valid_and_every_example_fits_its_schema() {
    for name in document()["components"]["schemas"].as_object().unwrap().keys() {
        validator(&format!("/components/schemas/{name}"));
    }
    let mut findings = Vec::new();
    let mut examples = 0;
    for (name, operation) in operations() {
        let place = format!("/paths/{}", name.split(' ').nth(1).unwrap().replace('/', "~1"));
        let place = format!("{place}/{}", name.split(' ').next().unwrap());
        let mut contents: Vec<(String, &Value)> = vec![(format!("{place}/requestBody"), &operation["requestBody"])];
        for (status, response) in operation["responses"].as_object().unwrap() {
            if response["$ref"].is_null() {
                contents.push((format!("{place}/responses/{status}"), response));
            }
        }
        for (place, body) in contents {
            for (kind, content) in
                body["content"].as_object().into_iter().flatten().filter(|(kind, _)| kind.ends_with("json"))
            {
                let validator = validator(&format!("{place}/content/{}/schema", kind.replace('/', "~1")));
                let several =
                    content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
                for example in several.chain(content.get("example")) {
                    examples += 1;
                    if let Err(error) = validator.validate(example) {
                        findings.push(format!(
                            "{place} {kind}: the example is wrong at `{}`: {error}",
                            error.instance_path()
                        ));
                    }
                }
            }
        }
    }
    assert!(examples > 100, "there are only {examples} examples");
    assert_none(&findings);
}

#[tokio::test]
async fn the_server_answers_with_the_committed_document_and_the_page_of_all_codes() {
    let company = Company::new().await;
    let served = company.system.api.read("/openapi.json").await;
    assert!(
        &served == document(),
        "app/openapi.json differs from the served document: renew it with `cargo run --quiet -- openapi > app/openapi.json`"
    );
    let page = send(company.system.api.request(Method::GET, "/problems")).await.expect_status(200);
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    let problem = company.worker.api.get("/tasks/42").await.expect_problem(400, "malformed_request");
    let anchor = problem.json["type"].as_str().unwrap().strip_prefix("/api/v1/problems#").unwrap().to_owned();
    assert!(page.text.contains(&format!("<tr id=\"{anchor}\">")), "{anchor}");
    company.finish().await;
}
