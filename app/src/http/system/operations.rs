//! The operations of an OpenAPI document in JSON.

use kernel::http::idempotency::KEY_HEADER_NAME;
use serde_json::{Value, json};

/// One method of one path.
pub struct Operation<'a> {
    /// The method, in lower case.
    pub method: &'a str,
    /// What the document says about it.
    pub details: &'a mut Value,
}

impl Operation<'_> {
    /// Whether the caller has to be logged in.
    pub fn is_guarded(&self) -> bool {
        self.details["security"].as_array().is_some_and(|schemes| !schemes.is_empty())
    }

    /// Whether it may change something.
    pub fn is_command(&self) -> bool {
        self.method != "get"
    }

    /// Whether it takes an idempotency key.
    pub fn takes_key(&self) -> bool {
        let mut parameters = self.details["parameters"].as_array().into_iter().flatten();
        parameters.any(|parameter| parameter["name"] == KEY_HEADER_NAME)
    }

    /// Whether its answer with the status 200 may have this media type.
    pub fn answers_in(&self, media_type: &str) -> bool {
        self.details["responses"]["200"]["content"].get(media_type).is_some()
    }
}

/// Every operation of a document, to be changed.
pub fn operations_mut(document: &mut Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    let methods = paths.filter_map(Value::as_object_mut).flat_map(|item| item.iter_mut());
    methods.map(|(method, details)| Operation { method, details })
}

/// Declares a header of a response.
pub fn add_header(response: &mut Value, name: &str, kind: &str, description: &str) {
    response["headers"][name] = json!({ "description": description, "schema": { "type": kind } });
}
