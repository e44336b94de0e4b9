//! A page to read the OpenAPI document and to try the API. All of its files are compiled into the
//! program.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, get};
use kernel::Problem;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::Config;

use super::route_table::get_only;
use crate::http::prefix::API_PREFIX;
use crate::http::split_body::SplitBody;

/// Swagger UI needs inline styles. Scripts and data come from this server only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds the page and its files. The files are not part of the OpenAPI document.
pub fn add_routes(api: &mut ServiceConfig<'_>) {
    api.service(get_docs).map(|plain| plain.service(get_only("/docs/{file}", get_docs_file)));
}

/// Gets a page to read and to try this API
#[utoipa::path(
    tag = "system",
    responses((status = 200, body = String, content_type = "text/html", description = "A web page"))
)]
#[get("/docs")]
async fn get_docs() -> Result<HttpResponse, Problem> {
    file("index.html")
}

async fn get_docs_file(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    file(&name)
}

fn file(name: &str) -> Result<HttpResponse, Problem> {
    let document = format!("{API_PREFIX}/openapi.json");
    let config = Config::from(document).validator_url("none").try_it_out_enabled(true).display_request_duration(true);
    let found = utoipa_swagger_ui::serve(name, Arc::new(config)).map_err(|error| Problem::internal(&error))?;
    let Some(found) = found else { return Err(Problem::not_found("file")) };
    let mut response = HttpResponse::Ok();
    response.content_type(found.content_type).insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    if name == "index.html" {
        // The page refers to its files by relative URLs, and its own URL has no slash at the end.
        let page = ["href", "src"].iter().fold(String::from_utf8_lossy(&found.bytes).into_owned(), |page, name| {
            let page = page.replace(&format!("{name}=\"./"), &format!("{name}=\""));
            page.replace(&format!("{name}=\""), &format!("{name}=\"{API_PREFIX}/docs/"))
        });
        return Ok(response.insert_header((header::CACHE_CONTROL, "no-cache")).body(page));
    }
    let bytes = match found.bytes {
        // All responses share the bytes in the program.
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    // In parts, because the compressor would otherwise hold the whole result.
    Ok(response.insert_header((header::CACHE_CONTROL, "public, max-age=3600")).body(SplitBody::new(bytes)))
}
