//! The API's document, generated from the code, and the routes that it describes.

use actix_web::http::header;
use actix_web::{App, HttpResponse, Responder, get, web};
use kernel::module::Module;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};

use super::{API_PREFIX, Gateway, admin, docs};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Piecework",
        description = "Tasks are handed out by chance, cost a fee when they are assigned and bring a reward when they are done; \
                       every day what was earned is paid out.\n\n\
                       Log in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`. Errors are \
                       problem documents (RFC 9457) with a stable `code`. Amounts are integers in minor units."
    ),
    tags(
        (name = "identity", description = "Who the people are, and logging in"),
        (name = "tasks", description = "Tasks, and drawing their assignees anew"),
        (name = "accounting", description = "Wallets, the ledger, days and payouts"),
        (name = "analytics", description = "Figures for admins, from the replicas"),
        (name = "email", description = "The queue of mail"),
        (name = "system", description = "Dead letters, the state of the modules, this document"),
    )
)]
struct Piecework;

/// Adds every route of the API: the modules' and our own.
pub fn add_routes(modules: &[Module], api: &mut ServiceConfig<'_>) {
    for module in modules {
        (module.routes)(api);
    }
    admin::add_routes(api);
    docs::add_routes(api);
    api.service(show_document);
}

/// The document of an API with these modules.
#[must_use]
pub fn document(modules: &[Module]) -> utoipa::openapi::OpenApi {
    let (_app, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Piecework::openapi())
        .service(scope::scope(API_PREFIX).configure(|api| add_routes(modules, api)))
        .split_for_parts();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}

/// The OpenAPI document of this API.
#[utoipa::path(tag = "system", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
#[get("/openapi.json")]
async fn show_document(gateway: web::Data<Gateway>) -> impl Responder {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(&gateway.document)
}
