//! The OpenAPI document, generated from the code.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{App, HttpResponse, Responder, get, web};
use kernel::http::problem::ProblemDocument;
use kernel::module::Module;
use serde_json::Value;
use utoipa::openapi::Tag;
use utoipa::openapi::server::Server;
use utoipa::{OpenApi, PartialSchema, ToSchema};
use utoipa_actix_web::{AppExt, scope};

use super::{event_streams, examples, links, parameters, problem_responses, security, successes};
use crate::http::gateway::Gateway;
use crate::http::prefix::API_PREFIX;
use crate::modules::CATALOGUE;

#[derive(OpenApi)]
#[openapi(info(
    title = "Piecework",
    description = "Tasks are assigned at random. A task costs its assignee a fee when it is assigned and brings a reward \
                       when it is completed. Every day, the balances are paid out.\n\n\
                       Log in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`. \
                       A browser logs in with `\"cookies\": true`; its requests that change something must come from a \
                       page of the same origin. \
                       Errors are problem documents (RFC 9457) with a stable `code`; the page `/api/v1/problems` explains each. \
                       Amounts are integers in minor units.\n\n\
                       Every list is `items` and `next_cursor`; a cursor is valid for the same path, filters and caller. \
                       Every GET has an `ETag`, and `If-None-Match` is answered with 304. A change of a person needs the \
                       person's `ETag` as `If-Match`. Some lists are CSV files with `Accept: text/csv`.\n\n\
                       A POST with an `Idempotency-Key` can be sent again when its answer was lost: it takes effect once. Its \
                       answer is kept for seven days and given again, with `Idempotency-Replayed: true`. A key belongs to the \
                       person, the path and the body: with another body the answer is 422 `idempotency_key_reused`, while \
                       the first request is processed 409 `idempotency_key_in_use`. A refused request is not kept; it is \
                       tried again. An answer with a one-time token is not kept: 409 `idempotency_answer_secret`. The routes \
                       that take no key answer 400 to one.\n\n\
                       Replicas answer reads where there are any. The response of a command then has the header \
                       `x-piecework-position`. A client that sends the header with later reads sees what the command \
                       wrote; browsers do so by a cookie. `?consistency=strong` on any GET reads from the primary. A \
                       response that may be older than the requested position has the header `x-piecework-stale: true`."
))]
struct Piecework;

/// The OpenAPI document of an API with these modules, as clients get it.
#[must_use]
pub fn document(modules: &[Module]) -> Value {
    complete(&described_routes(modules))
}

/// The OpenAPI document with what its endpoints have in common.
#[must_use]
pub fn complete(described: &utoipa::openapi::OpenApi) -> Value {
    // The value consists of texts, numbers and lists, which JSON can represent.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    parameters::complete(&mut document);
    event_streams::complete(&mut document);
    successes::complete(&mut document);
    problem_responses::declare(&mut document);
    links::add(&mut document);
    examples::add(&mut document);
    document
}

/// The routes of an API with these modules, as the attributes of the endpoints describe them.
#[must_use]
pub fn described_routes(modules: &[Module]) -> utoipa::openapi::OpenApi {
    let (_app, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Piecework::openapi())
        .service(scope::scope(API_PREFIX).configure(|api| crate::http::system::add_routes(modules, api)))
        .split_for_parts();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.tags = Some(tags());
    document.servers = Some(vec![Server::new("/")]);
    security::declare(&mut document);
    let components = document.components.get_or_insert_default();
    let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    components.schemas.extend(schemas);
    document
}

/// The tags of all modules and the tag of the gateway.
fn tags() -> Vec<Tag> {
    let modules = CATALOGUE.iter().flat_map(|entry| entry.tags).copied();
    let tags = modules.chain([("system", "The state of the modules, parked events, this document")]);
    let describe = |(name, description)| {
        let mut tag = Tag::new(name);
        tag.description = Some(String::from(description));
        tag
    };
    tags.map(describe).collect()
}

/// The module of each path. Paths of the gateway are not included.
#[must_use]
pub fn owners(modules: &[Module]) -> BTreeMap<String, &'static str> {
    let own = described_routes(&[]).paths.paths;
    let mut owners = BTreeMap::new();
    for module in modules {
        let paths = described_routes(std::slice::from_ref(module)).paths.paths;
        owners.extend(paths.into_keys().filter(|path| !own.contains_key(path)).map(|path| (path, module.name)));
    }
    owners
}

/// Gets the OpenAPI document of this API
#[utoipa::path(tag = "system", responses((status = 200, body = Object, description = "The document, in OpenAPI 3.1")))]
#[get("/openapi.json")]
pub async fn get_openapi(gateway: web::Data<Gateway>) -> impl Responder {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(&gateway.document)
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::TestRequest;
    use kernel::Ambient;

    use super::*;
    use crate::config;
    use crate::databases::Databases;
    use crate::modules::Modules;

    fn modules() -> Vec<Module> {
        let config =
            config::load_from(&[("PIECEWORK_PROFILE".to_owned(), "test".to_owned())].into(), &[]).unwrap().config;
        Modules::new(&config, &Databases::unreachable().unwrap(), &Ambient::system(), "http://localhost").unwrap().all()
    }

    fn schemas(modules: &[Module]) -> BTreeMap<String, Value> {
        let document = document(modules);
        serde_json::from_value(document["components"]["schemas"].clone()).unwrap()
    }

    #[tokio::test]
    async fn two_modules_with_a_schema_of_the_same_name_have_the_same_schema() {
        let mut seen: BTreeMap<String, (&str, Value)> = BTreeMap::new();
        for module in modules() {
            for (name, schema) in schemas(std::slice::from_ref(&module)) {
                if let Some((owner, other)) = seen.get(&name) {
                    assert_eq!(other, &schema, "{owner} and {} have different schemas of the name {name}", module.name);
                }
                seen.insert(name, (module.name, schema));
            }
        }
    }

    /// The proxy chooses the module by the pattern, so a path must not match patterns of two
    /// modules.
    #[tokio::test]
    async fn no_path_matches_routes_of_two_modules() {
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
            ["identity", "tasks", "accounting", "email", "analytics", "live"]
                .iter()
                .all(|name| owners.values().any(|owner| owner == name))
        );
    }

    /// The proxy, the log and the metrics know a route by the pattern that actix finds first.
    #[actix_web::test]
    async fn every_path_is_matched_by_its_own_pattern() {
        let modules = modules();
        let (app, _) = App::new()
            .into_utoipa_app()
            .service(scope::scope(API_PREFIX).configure(|api| crate::http::system::add_routes(&modules, api)))
            .split_for_parts();
        let app = actix_web::test::init_service(app).await;
        for path in described_routes(&modules).paths.paths.keys() {
            let address = path.replace(['{', '}'], "0");
            // No endpoint takes the method, so that none of them runs.
            let request = TestRequest::with_uri(&address).method(Method::TRACE).to_request();
            let response = actix_web::test::call_service(&app, request).await;
            assert_eq!(response.request().match_pattern().as_ref(), Some(path));
        }
    }

    #[tokio::test]
    async fn the_committed_document_is_that_of_the_routes() {
        let committed: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
        let document = document(&modules());
        let mut places = Vec::new();
        differences("", &committed, &document, &mut places);
        assert!(
            places.is_empty(),
            "app/openapi.json differs from the routes; renew it with `cargo run --quiet -- openapi > app/openapi.json` \
             and read the diff. It differs at:\n{}",
            places.join("\n")
        );
    }

    /// Adds the JSON pointer of each difference.
    fn differences(place: &str, old: &Value, new: &Value, places: &mut Vec<String>) {
        match (old, new) {
            (Value::Object(old_fields), Value::Object(new_fields)) => {
                for (name, value) in new_fields {
                    let other = old_fields.get(name).unwrap_or(&Value::Null);
                    differences(&format!("{place}/{name}"), other, value, places);
                }
                let gone = old_fields.keys().filter(|name| !new_fields.contains_key(*name));
                places.extend(gone.map(|name| format!("{place}/{name} is gone")));
            }
            _ if old == new => {}
            _ => places.push(format!("{place} is now {}", new.to_string().chars().take(200).collect::<String>())),
        }
    }

    #[tokio::test]
    async fn every_reference_in_the_document_exists() {
        let document = document(&modules());
        let text = document.to_string();
        for reference in text.split("\"#/components/").skip(1) {
            let reference = reference.split('"').next().unwrap();
            let found = document.pointer(&format!("/components/{reference}"));
            assert!(found.is_some(), "the document has no component {reference}");
        }
    }

    #[tokio::test]
    async fn every_operation_declares_the_common_problems() {
        let document = document(&modules());
        let operations = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap());
        for (method, operation) in operations {
            let name = format!("{method} {}", operation["operationId"]);
            let declares = |status: &str| operation["responses"].get(status).is_some();
            let is_guarded = operation.get("security").is_some();
            let has_body = method != "get";
            assert!(["400", "406", "500", "503", "504"].iter().all(|status| declares(status)), "{name}");
            assert!(!is_guarded || (declares("401") && declares("403")), "{name}");
            assert!(!has_body || (["408", "413", "415"].iter().all(|status| declares(status))), "{name}");
        }
    }

    #[tokio::test]
    async fn every_operation_has_a_unique_name() {
        let document = document(&modules());
        let mut seen = BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
                let other = seen.insert(name.clone(), format!("{method} {path}"));
                assert_eq!(other, None, "{method} {path} has the same name {name}");
            }
        }
    }
}
