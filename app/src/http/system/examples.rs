//! An example of each JSON body in the OpenAPI document, made of the examples of its fields.

use serde_json::{Map, Value};

use super::operations::operations_mut;

const JSON: &str = "application/json";
/// Maximum depth of an example. A schema that refers to itself has no end.
const DEPTH_MAX: usize = 12;

/// Adds an example to each JSON body that has none.
pub fn add(document: &mut Value) {
    let schemas = document["components"].clone();
    for operation in operations_mut(document) {
        if let Some(content) = operation.details.pointer_mut("/requestBody/content/application~1json") {
            complete(content, &Examples { components: &schemas, is_whole: true });
        }
        let responses = operation.details["responses"].as_object_mut().into_iter().flatten();
        for (_, response) in responses {
            if let Some(content) = response.get_mut("content").and_then(|content| content.get_mut(JSON)) {
                complete(content, &Examples { components: &schemas, is_whole: false });
            }
        }
    }
}

fn complete(content: &mut Value, examples: &Examples<'_>) {
    if content.get("example").is_none() && content.get("examples").is_none() {
        content["example"] = examples.of(&content["schema"], 0);
    }
}

/// Makes examples of schemas.
struct Examples<'a> {
    components: &'a Value,
    /// Whether an object has all of its fields, or only those that it always has.
    is_whole: bool,
}

impl Examples<'_> {
    fn of(&self, schema: &Value, depth: usize) -> Value {
        let declared = [schema.get("example"), schema.get("const"), schema["examples"].get(0), schema["enum"].get(0)];
        if let Some(example) = declared.into_iter().flatten().next() {
            return example.clone();
        }
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.trim_start_matches("#/components");
            return self.components.pointer(pointer).map_or(Value::Null, |schema| self.of(schema, depth + 1));
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().map(|part| self.of(part, depth + 1));
            let fields = parts.filter_map(|part| part.as_object().cloned()).flatten();
            return Value::Object(fields.collect());
        }
        let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        if let Some(choice) = choices.into_iter().flatten().find(|choice| choice["type"] != "null") {
            return self.of(choice, depth + 1);
        }
        self.of_type(schema, depth)
    }

    fn of_type(&self, schema: &Value, depth: usize) -> Value {
        let kind = schema["type"].as_str().or_else(|| {
            let kinds = schema["type"].as_array()?;
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null")
        });
        match kind {
            Some("object") => Value::Object(self.fields(schema, depth)),
            Some("array") => Value::Array(vec![self.of(&schema["items"], depth + 1)]),
            Some("string") => of_format(schema["format"].as_str()).into(),
            Some("integer") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
            Some("boolean") => false.into(),
            _ => Value::Null,
        }
    }

    fn fields(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let required = schema["required"].as_array();
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
        let properties = schema["properties"].as_object().into_iter().flatten();
        let shown = properties.filter(|(name, _)| self.is_whole || is_required(name));
        shown.map(|(name, schema)| (name.clone(), self.of(schema, depth + 1))).collect()
    }
}

fn of_format(format: Option<&str>) -> &'static str {
    match format {
        Some("uuid") => "019a4c1e-7d3a-7b52-9a43-2f0c6f8e1d20",
        Some("date-time") => "2026-11-02T09:00:00Z",
        Some("date") => "2026-11-02",
        Some("password") => "correct horse battery",
        Some("uri") => "https://example.com/",
        _ => "text",
    }
}
