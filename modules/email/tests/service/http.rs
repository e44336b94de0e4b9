//! The routes, as the gateway would call them.

use actix_web::dev::Service;
use actix_web::{App, HttpMessage, test};
use contracts::{Role, SessionId};
use kernel::auth::{Caller, Identified};
use serde_json::Value;
use utoipa_actix_web::AppExt;

use crate::fixture::{Fixture, paid, people, person};
use crate::smtp_server::{Mood, SmtpServer};

/// Status and body of one request made as `role`.
async fn call(fixture: &Fixture, role: Role, method: &str, path: &str) -> (u16, Value) {
    let routes = fixture.email.module().routes;
    let (app, _) = App::new().into_utoipa_app().configure(|config| routes(config)).split_for_parts();
    let caller = Caller { person_id: person(9), role, session_id: SessionId::from(uuid::Uuid::nil()) };
    let app = app.wrap_fn(move |request, service| {
        request.extensions_mut().insert(Identified::Caller(caller));
        service.call(request)
    });
    let app = test::init_service(app).await;
    let request = test::TestRequest::with_uri(path).method(method.parse().unwrap()).to_request();
    let (status, body) = match test::try_call_service(&app, request).await {
        Ok(response) => (response.status(), test::read_body(response).await),
        Err(error) => {
            let response = error.error_response();
            (response.status(), actix_web::body::to_bytes(response.into_body()).await.unwrap())
        }
    };
    (status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[actix_web::test]
async fn an_admin_lists_mails_by_state_and_in_pages() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1, 2, 3])).await;
    fixture.tell(&paid([1, 2, 3], "2026-11-21")).await;
    fixture.send_all().await;
    fixture.tell(&paid([4], "2026-11-21")).await;

    let (status, sent) = call(&fixture, Role::Admin, "GET", "/admin/emails?state=sent&limit=2").await;
    assert_eq!((status, sent["items"].as_array().unwrap().len()), (200, 2));
    let next = format!("/admin/emails?state=sent&limit=2&cursor={}", sent["next_cursor"].as_str().unwrap());
    let (_, rest) = call(&fixture, Role::Admin, "GET", &next).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    let (_, queued) = call(&fixture, Role::Admin, "GET", "/admin/emails?state=queued").await;
    assert_eq!(queued["items"][0]["person_id"], person(4).to_string());
    assert_eq!(queued["items"][0]["to"], Value::Null);
    let (_, parked) = call(&fixture, Role::Admin, "GET", "/admin/emails?state=parked").await;
    assert_eq!(parked["items"].as_array().unwrap().len(), 0);
    let shown = sent.to_string();
    assert!(!shown.contains("3500") && !shown.contains("doors"), "a list tells nothing of what mails say: {shown}");
}

#[actix_web::test]
async fn an_admin_resends_a_mail_and_is_told_when_there_is_nothing_to_resend() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1])).await;
    fixture.tell(&paid([1], "2026-11-21")).await;
    server.set(Mood::Answer("550 no"));
    fixture.send_all().await;
    let path = format!("/admin/emails/{}/resend", fixture.only_mail().await.id);
    let (status, mail) = call(&fixture, Role::Admin, "POST", &path).await;
    assert_eq!((status, &mail["state"]), (202, &Value::from("queued")));
    let (status, problem) = call(&fixture, Role::Admin, "POST", &path).await;
    assert_eq!((status, &problem["code"]), (409, &Value::from("email.already_queued")));
    let unknown = format!("/admin/emails/{}/resend", person(5));
    let (status, problem) = call(&fixture, Role::Admin, "POST", &unknown).await;
    assert_eq!((status, &problem["code"]), (404, &Value::from("email.not_found")));
}

#[actix_web::test]
async fn what_is_not_understood_is_a_400_and_names_the_parameter() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    for (query, pointer) in [
        ("state=lost", "?state"),
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("cursor=nonsense", "?cursor"),
        ("colour=red", "?"),
    ] {
        let (status, problem) = call(&fixture, Role::Admin, "GET", &format!("/admin/emails?{query}")).await;
        assert_eq!(status, 400, "{query}");
        assert!(problem["errors"][0]["pointer"].as_str().unwrap().starts_with(pointer), "{query}: {problem}");
    }
    assert_eq!(call(&fixture, Role::Admin, "POST", "/admin/emails/1/resend").await.0, 400);
}

#[actix_web::test]
async fn only_admins_see_and_resend_mail() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let resend = format!("/admin/emails/{}/resend", person(5));
    for role in [Role::Worker, Role::Accountant, Role::Manager] {
        assert_eq!(call(&fixture, role, "GET", "/admin/emails").await.0, 403);
        assert_eq!(call(&fixture, role, "POST", &resend).await.0, 403);
    }
}
