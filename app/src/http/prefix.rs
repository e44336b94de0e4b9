//! The path prefix of the API.

/// All routes of the modules and of the OpenAPI document are below this path.
pub const API_PREFIX: &str = "/api/v1";
