//! The links of the OpenAPI document: from a resource in a response to the operations on it.

use serde_json::{Map, Value, json};

/// Links each response that contains an `id`, or a list of resources with one, to the operations
/// whose path continues the path of its own operation with `/{id}`.
pub fn add(document: &mut Value) {
    let described = document.clone();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        let links = [("post", ["201", "202"].as_slice()), ("get", &["200"])];
        for (method, statuses) in links {
            for status in statuses {
                let Some(response) = item.pointer_mut(&format!("/{method}/responses/{status}")) else { continue };
                let schema = &response["content"]["application/json"]["schema"];
                let Some(id) = id_in(&described, schema) else { continue };
                let links = operations_below(&described, path, id);
                if !links.is_empty() {
                    response["links"] = Value::Object(links);
                }
            }
        }
    }
}

/// The expression for the id in a body of this schema.
fn id_in(document: &Value, schema: &Value) -> Option<&'static str> {
    let has_id = |schema: &Value| {
        let schema = resolve(document, schema);
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        parts.map(|part| resolve(document, part)).any(|part| part["properties"].get("id").is_some())
    };
    let items = &resolve(document, schema)["properties"]["items"]["items"];
    if has_id(schema) {
        Some("$response.body#/id")
    } else if has_id(items) {
        Some("$response.body#/items/0/id")
    } else {
        None
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    reference.unwrap_or(schema)
}

/// The links to the operations below `path/{parameter}`, by the name of the operation.
fn operations_below(document: &Value, path: &str, id: &str) -> Map<String, Value> {
    let mut links = Map::new();
    for (other, item) in document["paths"].as_object().into_iter().flatten() {
        let rest = other.strip_prefix(path).and_then(|rest| rest.strip_prefix("/{"));
        let Some((parameter, rest)) = rest.and_then(|rest| rest.split_once('}')) else { continue };
        if rest.contains('{') {
            continue;
        }
        for operation in item.as_object().into_iter().flatten().map(|(_, operation)| operation) {
            let name = operation["operationId"].as_str().unwrap_or_default();
            links.insert(name.to_owned(), json!({ "operationId": name, "parameters": { parameter: id } }));
        }
    }
    links
}
