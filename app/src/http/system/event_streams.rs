//! The schemas of event streams in the OpenAPI document. A schema describes one event, and the data
//! of an event is a text that contains JSON.

use serde_json::{Value, json};

use super::operations::operations_mut;

/// Declares the field `data` of each event as the text that it is.
pub fn complete(document: &mut Value) {
    let mut names = Vec::new();
    for operation in operations_mut(document) {
        let responses = operation.details["responses"].as_object().into_iter().flatten();
        let schemas =
            responses.filter_map(|(_, response)| response["content"]["text/event-stream"]["schema"].as_object());
        names.extend(schemas.filter_map(|schema| schema.get("$ref")?.as_str()?.rsplit('/').next().map(str::to_owned)));
    }
    for name in names {
        let schema = &mut document["components"]["schemas"][name];
        match schema.get_mut("oneOf").and_then(Value::as_array_mut) {
            Some(events) => events.iter_mut().for_each(complete_event),
            None => complete_event(schema),
        }
    }
}

fn complete_event(event: &mut Value) {
    let properties = &mut event["properties"];
    if properties["data"].get("contentSchema").is_none() {
        let schema = properties["data"].take();
        properties["data"] =
            json!({ "type": "string", "contentMediaType": "application/json", "contentSchema": schema });
        properties["id"] = json!({ "type": "string", "description": "The id, if the events of the stream have one." });
    }
}
