//! How a request is authenticated, declared in the OpenAPI document: by a bearer token or by a
//! cookie.

use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

/// The cookie with the access token, as it is named behind TLS.
const ACCESS_COOKIE: &str = "__Host-piecework_access";
const COOKIE_DESCRIPTION: &str = "For browsers: `POST /api/v1/auth/login` with `\"cookies\": true` sets it. A request \
                                  that changes something must come from a page of the same origin. At a loopback \
                                  address without TLS the name has no prefix.";

/// Declares both schemes. Each operation that takes a bearer token takes the cookie in its place.
pub fn declare(document: &mut OpenApi) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(ACCESS_COOKIE, COOKIE_DESCRIPTION));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            if let Some(schemes) = operation.security.as_mut().filter(|schemes| !schemes.is_empty()) {
                schemes.push(SecurityRequirement::new("cookie", [""; 0]));
            }
        }
    }
}
