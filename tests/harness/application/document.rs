//! The committed API document, and the check that an answer is what the document declares.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The start of a reference to a schema.
const SCHEMAS: &str = "#/components/schemas/";

/// The committed document: `app/openapi.json`.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    // It is read when the tests run, so that a new document does not compile them again.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/openapi.json");
    let text = std::fs::read_to_string(path).expect("app/openapi.json is in the repository");
    serde_json::from_str(&text).expect("app/openapi.json is JSON")
});

/// The document in which no object of an answer may have a field that is not declared.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = DOCUMENT.clone();
    let components = document["components"]["schemas"].clone();
    close_all(&mut document["components"]["schemas"], &components);
    close_all(&mut document["components"]["responses"], &components);
    close_all(&mut document["paths"], &components);
    document
});

/// The compiled schemas, by their pointer in the document.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The committed API document.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The validator of a schema of the document, which is compiled once. `pointer` is its place, such
/// as `/components/schemas/Task`.
///
/// # Panics
/// The schema is not valid.
pub fn validator(pointer: &str) -> Arc<Validator> {
    if let Some(known) = VALIDATORS.lock().expect("no thread panics with the lock").get(pointer) {
        return Arc::clone(known);
    }
    let mut schema = STRICT.pointer(pointer).unwrap_or_else(|| panic!("the document has no {pointer}")).clone();
    // A reference is a pointer into the components of the document. Only those that the schema
    // needs are compiled: all of them would take seconds.
    let mut schemas = Map::new();
    add_referenced(&schema, &mut schemas);
    schema["components"] = json!({ "schemas": schemas });
    let compiled = jsonschema::draft202012::new(&schema);
    let compiled = Arc::new(compiled.unwrap_or_else(|error| panic!("{pointer} is not a valid schema: {error}")));
    VALIDATORS.lock().expect("no thread panics with the lock").insert(pointer.to_owned(), Arc::clone(&compiled));
    compiled
}

/// Adds the schemas that a value refers to, and those that they refer to.
fn add_referenced(value: &Value, found: &mut Map<String, Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_referenced(item, found)),
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix(SCHEMAS));
            if let Some(name) = name.filter(|name| !found.contains_key(*name)) {
                let schema = STRICT["components"]["schemas"][name].clone();
                found.insert(name.to_owned(), schema.clone());
                add_referenced(&schema, found);
            }
            fields.values().for_each(|field| add_referenced(field, found));
        }
        _ => {}
    }
}

/// An answer as the check needs it.
pub struct Sent<'a> {
    /// The method in upper case.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    pub status: u16,
    pub content_type: Option<&'a str>,
    /// The text of the body.
    pub text: &'a str,
}

/// Checks that the document declares an answer of the API: its status, its media type and its
/// body. Answers outside of the API are not checked.
///
/// # Errors
/// The difference, with the operation, the status and the JSON pointer, and what to change.
pub fn check(sent: &Sent<'_>) -> Result<(), String> {
    if !sent.path.starts_with("/api/v1/") || sent.path.starts_with("/api/v1/docs/") {
        return Ok(());
    }
    let method = if sent.method == "HEAD" { "get".to_owned() } else { sent.method.to_lowercase() };
    let Some((pattern, item)) = find_path(sent.path, &method) else { return check_refused(sent, 404, "no_such_route") };
    let Some(operation) = item.get(&method) else {
        return if sent.method == "OPTIONS" && sent.status == 204 {
            Ok(())
        } else {
            check_refused(sent, 405, "method_not_allowed")
        };
    };
    let name = format!("{} {pattern} ({})", sent.method, operation["operationId"].as_str().unwrap_or_default());
    let place = format!("/paths/{}/{method}/responses/{}", escape(pattern), sent.status);
    let Some(declared) = document().pointer(&place) else {
        return Err(format!(
            "{name} answered {}, which it does not declare: add `(status = {}, body = …, description = …)` to its \
             `responses(…)`, and for a problem the code in backticks to the description. The body: {}",
            sent.status, sent.status, sent.text
        ));
    };
    let (response, place) = match declared["$ref"].as_str() {
        Some(reference) => (document().pointer(&reference[1..]).unwrap_or(&Value::Null), reference[1..].to_owned()),
        None => (declared, place),
    };
    check_body(sent, response, &place).map_err(|reason| format!("{name} answered {}: {reason}", sent.status))
}

/// A request that no operation takes gets one of two problems.
fn check_refused(sent: &Sent<'_>, status: u16, code: &str) -> Result<(), String> {
    let body: Value = serde_json::from_str(sent.text).unwrap_or_default();
    let is_right = sent.status == status && (sent.text.is_empty() || body["code"] == code);
    // The head of a request is refused before its route is known.
    if is_right || [400, 406, 414, 431].contains(&sent.status) {
        return Ok(());
    }
    Err(format!(
        "{} {} is not in app/openapi.json and answered {}, not {status} {code}: if the route is new, renew the document \
         with `cargo run --quiet -- openapi > app/openapi.json`",
        sent.method, sent.path, sent.status
    ))
}

fn check_body(sent: &Sent<'_>, response: &Value, place: &str) -> Result<(), String> {
    let essence = sent.content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    let Some(contents) = response["content"].as_object() else {
        return if sent.text.is_empty() { Ok(()) } else { Err(format!("it declares no body, but sent {}", sent.text)) };
    };
    let essence = essence.unwrap_or_default();
    if !contents.contains_key(essence) {
        return Err(format!(
            "the media type {essence} is not declared, only {:?}",
            contents.keys().collect::<Vec<_>>()
        ));
    }
    if essence == "text/event-stream" && sent.method != "HEAD" {
        let schema = &contents[essence]["schema"]["$ref"];
        return check_events(sent.text, schema.as_str().unwrap_or_default().trim_start_matches('#'));
    }
    // The answer to HEAD has no body.
    if !essence.ends_with("json") || sent.method == "HEAD" {
        return Ok(());
    }
    let body: Value = serde_json::from_str(sent.text).map_err(|error| format!("the body is not JSON: {error}"))?;
    check_value(&body, &format!("{place}/content/{}/schema", escape(essence)))
}

/// Checks every event of a stream that has ended, and the JSON in its data.
fn check_events(text: &str, schema: &str) -> Result<(), String> {
    for event in text.split("\n\n").filter(|event| !event.is_empty() && !event.starts_with(':')) {
        let fields = event.lines().filter_map(|line| line.split_once(": "));
        let fields: Map<String, Value> = fields.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let data = fields.get("data").and_then(Value::as_str).unwrap_or_default();
        let data: Value = serde_json::from_str(data).map_err(|error| format!("an event is not JSON: {error}"))?;
        let place = place_of_event(schema, fields.get("event").unwrap_or(&Value::Null));
        check_value(&Value::Object(fields), &place)?;
        check_value(&data, &format!("{place}/properties/data/contentSchema"))?;
    }
    Ok(())
}

/// The place of the schema of an event with this name.
fn place_of_event(schema: &str, name: &Value) -> String {
    let events = document().pointer(schema).and_then(|schema| schema["oneOf"].as_array());
    let has_name = |event: &Value| event["properties"]["event"]["enum"][0] == *name;
    match events.map(|events| events.iter().position(has_name).unwrap_or_default()) {
        Some(index) => format!("{schema}/oneOf/{index}"),
        None => schema.to_owned(),
    }
}

fn check_value(value: &Value, schema: &str) -> Result<(), String> {
    let validator = validator(schema);
    let errors = validator.iter_errors(value);
    let errors: Vec<String> = errors
        .map(|error| format!("at `{}`: {error} (schema: {})", error.instance_path(), error.schema_path()))
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(format!("the body is not what is declared\n{}\n{value}", errors.join("\n")))
    }
}

/// The path of the document that matches the path of a request: as in the server, one that takes
/// the method, and a word before a parameter.
fn find_path(path: &str, method: &str) -> Option<(&'static str, &'static Map<String, Value>)> {
    let matches = |pattern: &str| {
        let mut pairs = pattern.split('/').zip(path.split('/'));
        pattern.split('/').count() == path.split('/').count()
            && pairs.all(|(part, sent)| part == sent || (part.starts_with('{') && !sent.is_empty()))
    };
    let paths = document()["paths"].as_object()?;
    let found = paths.iter().filter(|(pattern, _)| matches(pattern));
    let best = found.min_by_key(|(pattern, item)| (item.get(method).is_none(), pattern.matches('{').count()))?;
    Some((best.0, best.1.as_object()?))
}

/// A segment of a JSON pointer.
fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// Closes every object schema below a value: a field that is not declared is an error.
fn close_all(value: &mut Value, components: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| close_all(item, components)),
        Value::Object(fields) => {
            if let Some(parts) = fields.get_mut("allOf").and_then(Value::as_array_mut) {
                // The parts stay open, because each of them has fields of the whole.
                parts.iter_mut().for_each(|part| open(part, components));
                fields.insert("unevaluatedProperties".to_owned(), false.into());
                return;
            }
            fields.values_mut().for_each(|field| close_all(field, components));
            let is_schema = fields.get("type").is_some_and(|kind| kind == "object" || kind.is_array());
            if is_schema && fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        _ => {}
    }
}

/// Replaces a reference by a copy of its schema, and closes only what is below the fields.
fn open(part: &mut Value, components: &Value) {
    if let Some(name) = part["$ref"].as_str().and_then(|reference| reference.strip_prefix(SCHEMAS)) {
        *part = components[name].clone();
    }
    if let Some(parts) = part.get_mut("allOf").and_then(Value::as_array_mut) {
        parts.iter_mut().for_each(|part| open(part, components));
    }
    if let Some(properties) = part.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|property| close_all(property, components));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent<'a>(status: u16, text: &'a str) -> Sent<'a> {
        Sent {
            method: "GET",
            path: "/api/v1/reassignments/preview",
            status,
            content_type: Some("application/json"),
            text,
        }
    }

    #[test]
    fn an_answer_that_the_document_declares_is_accepted() {
        let text = r#"{"open_tasks":1,"unpriced_tasks":0,"cost":{"amount_minor":100,"currency":"USD"}}"#;
        assert_eq!(check(&sent(200, text)), Ok(()));
        let outside = Sent { path: "/livez", ..sent(200, "") };
        assert_eq!(check(&outside), Ok(()));
    }

    #[test]
    fn an_answer_that_the_document_does_not_declare_is_refused_with_its_place() {
        for (status, text, reason) in [
            (201, "{}", "answered 201, which it does not declare"),
            (200, r#"{"open_tasks":1,"unpriced_tasks":0}"#, "\"cost\" is a required property"),
            (
                200,
                r#"{"open_tasks":1,"unpriced_tasks":0,"cost":{"amount_minor":"1","currency":"USD"}}"#,
                "at `/cost/amount_minor`",
            ),
            (200, r#"{"open_tasks":1,"unpriced_tasks":0,"cost":{"amount_minor":1,"currency":"USD"},"more":1}"#, "more"),
            (
                200,
                r#"{"open_tasks":1,"unpriced_tasks":0,"cost":{"amount_minor":1,"currency":"USD","more":1}}"#,
                "at `/cost`",
            ),
        ] {
            let found = check(&sent(status, text)).unwrap_err();
            assert!(found.contains("GET /api/v1/reassignments/preview (preview_reassignment)"), "{found}");
            assert!(found.contains(reason), "{reason}: {found}");
        }
        let html = Sent { content_type: Some("text/html"), ..sent(200, "x") };
        assert!(check(&html).unwrap_err().contains("text/html is not declared"));
    }

    #[test]
    fn a_problem_has_a_code_that_its_operation_declares() {
        let problem = |code: &str| {
            format!(
                r#"{{"type":"/api/v1/problems#{code}","title":"x","status":403,"code":"{code}","detail":"x","request_id":"x"}}"#
            )
        };
        let answer = |text: &str| {
            let problem = Sent { content_type: Some("application/problem+json"), ..sent(403, text) };
            check(&problem)
        };
        assert_eq!(answer(&problem("forbidden")), Ok(()));
        let found = answer(&problem("tasks.never_assigned")).unwrap_err();
        assert!(found.contains("at `/code`"), "{found}");
    }
}
