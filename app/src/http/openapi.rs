//! The API's document, generated from the code, and the routes that it describes.

use std::collections::BTreeMap;

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
                       problem documents (RFC 9457) with a stable `code`. Amounts are integers in minor units.\n\n\
                       Reads are answered by replicas where there are any. A command's answer then has the header \
                       `x-piecework-position`; sent back with later reads it makes them see what the command wrote (browsers do \
                       so by a cookie). `?consistency=strong` on any GET asks the primary. An answer that may be older than asked \
                       for has the header `x-piecework-stale: true`."
    ),
    tags(
        (name = "identity", description = "Who the people are, and logging in"),
        (name = "tasks", description = "Creating tasks, the board, completing them"),
        (name = "reassignments", description = "Drawing the assignees of all open tasks anew"),
        (name = "wallets", description = "What people have earned, line by line"),
        (name = "books", description = "The company's earnings, business days, payouts and corrections"),
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

/// Which module each path belongs to, as the modules themselves say.
#[must_use]
pub fn owners(modules: &[Module]) -> BTreeMap<String, &'static str> {
    let own = document(&[]).paths.paths;
    let mut owners = BTreeMap::new();
    for module in modules {
        let paths = document(std::slice::from_ref(module)).paths.paths;
        owners.extend(paths.into_keys().filter(|path| !own.contains_key(path)).map(|path| (path, module.name)));
    }
    owners
}

/// The OpenAPI document of this API.
#[utoipa::path(tag = "system", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
#[get("/openapi.json")]
async fn show_document(gateway: web::Data<Gateway>) -> impl Responder {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(&gateway.document)
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;
    use serde_json::Value;

    use super::*;
    use crate::config;
    use crate::databases::Databases;
    use crate::modules::Modules;

    fn modules() -> Vec<Module> {
        let config =
            config::load_from(&[("PIECEWORK_PROFILE".to_owned(), "test".to_owned())].into(), &[]).unwrap().config;
        Modules::new(&config, &Databases::nowhere().unwrap(), &Ambient::system(), "http://localhost").unwrap().all()
    }

    fn schemas(modules: &[Module]) -> BTreeMap<String, Value> {
        let document = serde_json::to_value(document(modules)).unwrap();
        serde_json::from_value(document["components"]["schemas"].clone()).unwrap()
    }

    #[tokio::test]
    async fn no_two_modules_mean_different_things_by_the_same_name() {
        let mut seen: BTreeMap<String, (&str, Value)> = BTreeMap::new();
        for module in modules() {
            for (name, schema) in schemas(std::slice::from_ref(&module)) {
                if let Some((owner, other)) = seen.get(&name) {
                    assert_eq!(
                        other, &schema,
                        "{owner} and {} both have a schema {name}, and they differ",
                        module.name
                    );
                }
                seen.insert(name, (module.name, schema));
            }
        }
    }

    /// A route of another process would be hidden by one of this process that means the same address.
    #[tokio::test]
    async fn no_address_means_routes_of_two_modules() {
        let owners = owners(&modules());
        let could_be = |left: &str, right: &str| {
            let pairs = || left.split('/').zip(right.split('/'));
            left.split('/').count() == right.split('/').count()
                && pairs().all(|(left, right)| left == right || left.starts_with('{') || right.starts_with('{'))
        };
        for (path, module) in &owners {
            for (other_path, other) in &owners {
                assert!(module == other || !could_be(path, other_path), "{path} ({module}) and {other_path} ({other})");
            }
        }
        assert!(
            ["identity", "tasks", "accounting", "email", "analytics"]
                .iter()
                .all(|name| owners.values().any(|owner| owner == name))
        );
    }

    #[tokio::test]
    async fn every_reference_in_the_document_leads_somewhere() {
        let modules = modules();
        let known = schemas(&modules);
        let text = serde_json::to_string(&document(&modules)).unwrap();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(known.contains_key(name), "the document has no schema {name}");
        }
    }

    #[tokio::test]
    async fn every_tag_is_explained() {
        let document = serde_json::to_value(document(&modules())).unwrap();
        let explained: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        for (path, item) in document["paths"].as_object().unwrap() {
            for tag in item.as_object().unwrap().values().flat_map(|operation| operation["tags"].as_array().unwrap()) {
                assert!(explained.contains(&tag), "{path} has the tag {tag}");
            }
        }
    }

    #[tokio::test]
    async fn every_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(document(&modules())).unwrap();
        let mut seen = BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
                let other = seen.insert(name.clone(), format!("{method} {path}"));
                assert_eq!(other, None, "{method} {path} is also called {name}");
            }
        }
    }
}
