//! Sends one request to the module's routes, as the gateway does.

use actix_web::dev::Service;
use actix_web::{App, HttpMessage, test};
use analytics::Analytics;
use contracts::{Carrier, PersonId, Role, SessionId};
use kernel::http::auth::{Caller, Credential, Identified};
use serde_json::Value;
use utoipa_actix_web::AppExt;

/// Sends a GET request as `role`. Returns the status and the body of the answer.
pub async fn get(analytics: &Analytics, role: Role, path: &str) -> (u16, Value) {
    let routes = analytics.module().routes;
    let (app, _) = App::new().into_utoipa_app().configure(|config| routes(config)).split_for_parts();
    let nil = uuid::Uuid::nil();
    let credential = Credential::Session { session_id: SessionId::from(nil), carrier: Carrier::Bearer };
    let caller = Caller { person_id: PersonId::from(nil), role, credential };
    let app = app.wrap_fn(move |request, service| {
        request.extensions_mut().insert(Identified::Caller(caller));
        service.call(request)
    });
    let app = test::init_service(app).await;
    let response = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&test::read_body(response).await).unwrap_or(Value::Null))
}
