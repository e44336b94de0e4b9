//! What the parameters of all endpoints have in common, declared once in the OpenAPI document.

use kernel::http::idempotency::KEY_HEADER_NAME;
use serde_json::{Value, json};

use super::operations::operations_mut;
use crate::modules::CATALOGUE;

/// The dates that `CalendarDate` accepts.
const DATE_PATTERN: &str = "^(19[7-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}$";

/// The positions that `Positions` accepts, and an empty text, which is no position.
const POSITION_PATTERN: &str = "^((tracker|accounting)=([1-9][0-9]{0,8}:)?[0-9A-F]{1,8}/[0-9A-F]{1,8}\
                                (,(tracker|accounting)=([1-9][0-9]{0,8}:)?[0-9A-F]{1,8}/[0-9A-F]{1,8})?)?$";

/// One ETag, or any version. The program also accepts a list of them.
const IF_MATCH_PATTERN: &str = "^(\\*|\"[!#-~]*\")$";
/// The idempotency keys that the program accepts.
const KEY_PATTERN: &str = "^[!#-~]{1,255}$";

/// Completes the parameters of all operations.
pub fn complete(document: &mut Value) {
    correct(document);
    for operation in operations_mut(document) {
        // A body that may be left out is never null.
        if let Some(schema) = operation.details.pointer_mut("/requestBody/content/application~1json/schema") {
            remove_null(schema);
        }
    }
    document["components"]["parameters"] = json!({
        "Consistency": {
            "name": "consistency",
            "in": "query",
            "description": "`strong` reads from the primary, so that the response contains every earlier command.",
            "schema": { "type": "string", "enum": ["strong"] },
        },
        "Position": {
            "name": "x-piecework-position",
            "in": "header",
            "description": "The header of an earlier response. The response contains what that command wrote.",
            "schema": { "type": "string", "pattern": POSITION_PATTERN, "example": "tracker=0/16B3748" },
        },
    });
    for operation in operations_mut(document).filter(|operation| operation.method == "get") {
        let own = operation.details["parameters"].as_array().cloned().unwrap_or_default();
        let common =
            ["Consistency", "Position"].map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
        operation.details["parameters"] = own.into_iter().chain(common).collect();
    }
}

fn correct(document: &mut Value) {
    let modules: Vec<&str> = CATALOGUE.iter().map(|entry| entry.name).collect();
    for operation in operations_mut(document) {
        let parameters = operation.details.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let schema = &mut parameter["schema"];
            remove_null(schema);
            if name == "limit" {
                let limit = json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 });
                *schema = limit;
            }
            if name == "cursor" {
                schema["minLength"] = 1.into();
            }
            if name == "If-Match" {
                schema["pattern"] = IF_MATCH_PATTERN.into();
            }
            if name == KEY_HEADER_NAME {
                schema["pattern"] = KEY_PATTERN.into();
            }
            if name == "module" {
                *schema = json!({ "type": "string", "enum": modules });
            }
            if schema["format"] == "date" {
                schema["pattern"] = DATE_PATTERN.into();
            }
        }
    }
}

/// A parameter that may be left out is never null: a URL has no null.
fn remove_null(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array().cloned() {
        let mut others: Vec<Value> = types.into_iter().filter(|kind| kind != "null").collect();
        if others.len() == 1 {
            schema["type"] = others.remove(0);
        }
    }
    if let Some(choices) = schema["oneOf"].as_array().cloned() {
        let mut others: Vec<Value> = choices.into_iter().filter(|choice| choice["type"] != "null").collect();
        if others.len() == 1 {
            *schema = others.remove(0);
        }
    }
}
