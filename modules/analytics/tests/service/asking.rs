//! One question over the module's routes, as the gateway would pass it on.

use actix_web::dev::Service;
use actix_web::{App, HttpMessage, test};
use analytics::Analytics;
use contracts::{PersonId, Role, SessionId};
use kernel::auth::{Caller, Identified};
use serde_json::Value;
use utoipa_actix_web::AppExt;

/// Status and body of one question asked by `role`.
pub async fn ask(analytics: &Analytics, role: Role, path: &str) -> (u16, Value) {
    let routes = analytics.module().routes;
    let (app, _) = App::new().into_utoipa_app().configure(|config| routes(config)).split_for_parts();
    let nil = uuid::Uuid::nil();
    let caller = Caller { person_id: PersonId::from(nil), role, session_id: SessionId::from(nil) };
    let app = app.wrap_fn(move |request, service| {
        request.extensions_mut().insert(Identified::Caller(caller));
        service.call(request)
    });
    let app = test::init_service(app).await;
    let response = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&test::read_body(response).await).unwrap_or(Value::Null))
}
