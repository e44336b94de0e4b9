//! What the successful responses of endpoints have in common: ETags, the answer that the client
//! already has, and the mark of an answer that was given before.

use serde_json::{Value, json};

use super::operations::{Operation, add_header, operations_mut};

/// The name of the response to a request for what the client already has.
const NOT_MODIFIED: &str = "NotModified";
/// The name of the parameter with the ETags that the client has.
const IF_NONE_MATCH: &str = "IfNoneMatch";

/// Completes the successful responses of all operations.
pub fn complete(document: &mut Value) {
    let mut not_modified = json!({ "description": "The response is the one with the ETag in `If-None-Match`." });
    add_header(&mut not_modified, "ETag", "string", "Identifies the response.");
    document["components"]["responses"][NOT_MODIFIED] = not_modified;
    document["components"]["parameters"][IF_NONE_MATCH] = json!({
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETags of the responses that the client has. If one of them is current, the answer is 304.",
        "schema": { "type": "string" },
        "example": "W/\"3f2b8c51d0e94a77a1c0d2e3f4a5b6c7\"",
    });
    for mut operation in operations_mut(document) {
        if operation.takes_key() {
            declare_replay(&mut operation);
        } else if !operation.is_command()
            && (operation.answers_in("application/json") || operation.answers_in("text/html"))
        {
            declare_tag(&mut operation);
        }
    }
}

fn declare_replay(operation: &mut Operation<'_>) {
    let responses = operation.details["responses"].as_object_mut().into_iter().flatten();
    for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
        add_header(response, "Idempotency-Replayed", "boolean", "`true` if the answer was given before.");
    }
}

fn declare_tag(operation: &mut Operation<'_>) {
    let responses = &mut operation.details["responses"];
    if responses["200"]["headers"].get("ETag").is_none() {
        let description = "Identifies the response. Send it as `If-None-Match` with the next request.";
        add_header(&mut responses["200"], "ETag", "string", description);
    }
    responses["304"] = json!({ "$ref": format!("#/components/responses/{NOT_MODIFIED}") });
    let own = operation.details["parameters"].as_array().cloned().unwrap_or_default();
    let common = json!({ "$ref": format!("#/components/parameters/{IF_NONE_MATCH}") });
    operation.details["parameters"] = own.into_iter().chain([common]).collect();
}
