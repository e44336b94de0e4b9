//! A page to read the API's document and to try it; everything it needs is compiled in.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig as PlainConfig};
use actix_web::{HttpResponse, Responder, get};
use kernel::Problem;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::Config;

use super::API_PREFIX;

/// Swagger UI writes styles into the page; scripts and data come from here only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

/// The page below the API. The files it asks for are no part of the API's document.
pub fn add_routes(api: &mut ServiceConfig<'_>) {
    api.service(show_docs).map(|plain| plain.service(show_docs_file));
}

/// Until there is a frontend, the page is where people are led to.
pub fn add_entry(app: &mut PlainConfig) {
    app.service(enter);
}

#[get("/")]
async fn enter() -> impl Responder {
    HttpResponse::Found().insert_header((header::LOCATION, format!("{API_PREFIX}/docs"))).finish()
}

/// A page to read and to try this API.
#[utoipa::path(tag = "system", responses((status = 200, description = "A web page", body = String, content_type = "text/html")))]
#[get("/docs")]
async fn show_docs() -> Result<HttpResponse, Problem> {
    file("index.html")
}

#[get("/docs/{file}")]
async fn show_docs_file(name: web::Path<String>) -> Result<HttpResponse, Problem> {
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
        // The page asks for its files relative to itself, and it has no slash at its end.
        let page = String::from_utf8_lossy(&found.bytes).replacen(
            "<head>",
            &format!("<head>\n    <base href=\"{API_PREFIX}/docs/\">"),
            1,
        );
        return Ok(response.insert_header((header::CACHE_CONTROL, "no-cache")).body(page));
    }
    Ok(response.insert_header((header::CACHE_CONTROL, "public, max-age=3600")).body(found.bytes.into_owned()))
}
