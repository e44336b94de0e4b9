//! The problem responses of the OpenAPI document: those that are common to all endpoints, and the
//! codes, the schema and the examples of each.
//!
//! The description of a problem response names its codes between backticks. From them come the
//! schema of the response, which allows no other code, and one example for each code.

use kernel::http::problem::{ProblemCode, ProblemDocument};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::common_problems::{COMMON, Common};
use super::operations::{Operation, add_header, operations_mut};
use crate::http::problem_codes;

/// The media type of a problem document.
const PROBLEM: &str = "application/problem+json";

const CHALLENGE: &str =
    "The scheme that the API expects: `Bearer`, with `error=\"invalid_token\"` if the token was refused.";
const RETRY_AFTER: &str = "The seconds to wait before the next attempt.";

/// Completes the problem responses of the document.
pub fn declare(document: &mut Value) {
    let codes = problem_codes::all();
    declare_codes(document, &codes);
    let common = COMMON.iter().map(|common| {
        let mut response = json!({ "description": common.description });
        complete(common.status, &mut response, &codes);
        (common.name.to_owned(), response)
    });
    if let Some(responses) = document["components"]["responses"].as_object_mut() {
        responses.extend(common);
    }
    for mut operation in operations_mut(document) {
        declare_for(&mut operation, &codes);
    }
}

/// Adds the schema of all codes, and lets the problem document refer to it.
fn declare_codes(document: &mut Value, codes: &[ProblemCode]) {
    let mut names: Vec<&str> = codes.iter().map(|known| known.code).collect();
    names.sort_unstable();
    let meanings = codes.iter().fold(String::new(), |text, known| {
        format!("{text}- `{}` ({}): {} {}\n", known.code, known.status, known.meaning, known.remedy)
    });
    let description = format!("The stable code of a problem. Later versions add codes.\n\n{meanings}");
    let schemas = &mut document["components"]["schemas"];
    schemas["ProblemCode"] = json!({ "type": "string", "enum": names, "description": description });
    schemas["ProblemDocument"]["properties"]["code"] = json!({ "$ref": "#/components/schemas/ProblemCode" });
}

fn declare_for(operation: &mut Operation<'_>, codes: &[ProblemCode]) {
    let possible: Vec<&Common> = COMMON.iter().filter(|common| (common.is_possible)(operation)).collect();
    let Some(responses) = operation.details["responses"].as_object_mut() else { return };
    for common in possible {
        match responses.get_mut(common.status) {
            Some(own) => {
                let description = own["description"].as_str().unwrap_or_default();
                let is_declared = codes_in(common.description).all(|code| codes_in(description).any(|own| own == code));
                if !is_declared {
                    own["description"] = format!("{description}; {}", common.description).into();
                }
            }
            None => {
                let reference = format!("#/components/responses/{}", common.name);
                responses.insert(common.status.to_owned(), json!({ "$ref": reference }));
            }
        }
    }
    let problems = responses.iter_mut().filter(|(status, response)| is_error(status) && response.get("$ref").is_none());
    problems.for_each(|(status, response)| complete(status, response, codes));
}

fn is_error(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

/// The texts between backticks.
fn codes_in(description: &str) -> impl Iterator<Item = &str> {
    description.split('`').skip(1).step_by(2)
}

/// Gives a response the media type, the schema and the examples of the problems whose codes its
/// description names.
fn complete(status: &str, response: &mut Value, codes: &[ProblemCode]) {
    let description = response["description"].as_str().unwrap_or_default();
    let find = |name| codes.iter().find(|known| known.code == name && known.status.to_string() == status);
    let mut named: Vec<&ProblemCode> = codes_in(description).filter_map(find).collect();
    named.sort_unstable_by_key(|known| known.code);
    named.dedup();
    let names: Vec<&str> = named.iter().map(|known| known.code).collect();
    let examples: Map<String, Value> = named.iter().map(|known| (known.code.to_owned(), example(known))).collect();
    let document = format!("#/components/schemas/{}", ProblemDocument::name());
    let number = status.parse::<u16>().unwrap_or_default();
    let own = json!({ "type": "object", "properties": { "status": { "const": number }, "code": { "enum": names } } });
    let schema = json!({ "allOf": [{ "$ref": document }, own] });
    if names.contains(&"rate_limited") {
        add_header(response, "RateLimit", "string", "What remains of each limit of the request.");
        add_header(response, "RateLimit-Policy", "string", "The limits of the request.");
    }
    response["content"] = json!({ PROBLEM: { "schema": schema, "examples": examples } });
    match number {
        401 => add_header(response, "WWW-Authenticate", "string", CHALLENGE),
        429 | 503 => add_header(response, "Retry-After", "integer", RETRY_AFTER),
        _ => {}
    }
}

fn example(known: &ProblemCode) -> Value {
    let title = actix_web::http::StatusCode::from_u16(known.status).ok().and_then(|status| status.canonical_reason());
    let mut value = json!({
        "type": ProblemCode::reference(known.code),
        "title": title.unwrap_or("Error"),
        "status": known.status,
        "code": known.code,
        "detail": known.meaning,
        "request_id": "019a4c1e-7d3a-7b52-9a43-2f0c6f8e1d20",
    });
    match known.code {
        "malformed_request" => {
            value["errors"] = json!([
                { "pointer": "?limit", "code": "malformed", "parameters": {}, "detail": "a limit is 1 to 200" },
            ]);
        }
        "invalid_request" => {
            value["errors"] = json!([
                { "pointer": "/title", "code": "blank", "parameters": {}, "detail": "is empty" },
            ]);
        }
        _ => {}
    }
    json!({ "summary": known.meaning, "description": known.remedy, "value": value })
}
