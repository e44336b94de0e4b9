//! The routes, called as the gateway calls them.

use actix_web::dev::Service;
use actix_web::{App, HttpMessage, test};
use contracts::{Carrier, Role, SessionId};
use kernel::http::CursorKeys;
use kernel::http::auth::{Caller, Credential, Identified};
use serde_json::Value;
use utoipa_actix_web::AppExt;

use crate::fixture::{Fixture, paid, people, person};
use crate::smtp_server::{Behaviour, SmtpServer};

/// Sends a request as `role`. Returns the status and the body of the answer.
async fn call(fixture: &Fixture, role: Role, method: &str, path: &str) -> (u16, Value) {
    let routes = fixture.email.module().routes;
    let (app, _) = App::new().into_utoipa_app().configure(|config| routes(config)).split_for_parts();
    let credential = Credential::Session { session_id: SessionId::from(uuid::Uuid::nil()), carrier: Carrier::Bearer };
    let caller = Caller { person_id: person(9), role, credential };
    let app = app.app_data(CursorKeys::new(|| vec![[7; 32]])).wrap_fn(move |request, service| {
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
async fn an_admin_lists_mails_by_status_in_pages() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1, 2, 3])).await;
    fixture.deliver(&paid([1, 2, 3], "2026-11-21")).await;
    fixture.send_all().await;
    fixture.deliver(&paid([4], "2026-11-21")).await;

    let (status, sent) = call(&fixture, Role::Admin, "GET", "/admin/emails?status=sent&limit=2").await;
    assert_eq!((status, sent["items"].as_array().unwrap().len()), (200, 2));
    let next = format!("/admin/emails?status=sent&limit=2&cursor={}", sent["next_cursor"].as_str().unwrap());
    let (_, rest) = call(&fixture, Role::Admin, "GET", &next).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    let (_, queued) = call(&fixture, Role::Admin, "GET", "/admin/emails?status=queued").await;
    assert_eq!(queued["items"][0]["person"]["id"], person(4).to_string());
    assert_eq!(queued["items"][0]["to"], Value::Null);
    let (_, parked) = call(&fixture, Role::Admin, "GET", "/admin/emails?status=parked").await;
    assert_eq!(parked["items"].as_array().unwrap().len(), 0);
    let shown = sent.to_string();
    assert!(!shown.contains("3500") && !shown.contains("doors"), "the list contains the content of a mail: {shown}");
}

#[actix_web::test]
async fn a_parked_mail_can_be_resent_but_a_queued_or_unknown_mail_cannot() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    server.set(Behaviour::Answer("550 no"));
    fixture.send_all().await;
    let path = format!("/admin/emails/{}/resend", fixture.only_mail().await.id);
    let (status, mail) = call(&fixture, Role::Admin, "POST", &path).await;
    assert_eq!((status, &mail["status"]), (202, &Value::from("queued")));
    let (status, problem) = call(&fixture, Role::Admin, "POST", &path).await;
    assert_eq!((status, &problem["code"]), (409, &Value::from("email.already_queued")));
    let unknown = format!("/admin/emails/{}/resend", person(5));
    let (status, problem) = call(&fixture, Role::Admin, "POST", &unknown).await;
    assert_eq!((status, &problem["code"]), (404, &Value::from("email.not_found")));
}

#[actix_web::test]
async fn every_parked_mail_can_be_resent_by_one_request() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1, 2, 3])).await;
    fixture.deliver(&paid([1, 2, 3], "2026-11-21")).await;
    let (status, answer) = call(&fixture, Role::Admin, "POST", "/admin/emails/resend").await;
    assert_eq!((status, &answer["queued"]), (202, &Value::from(0)), "a queued mail is not parked");
    server.set(Behaviour::Answer("550 no"));
    fixture.send_all().await;
    let (status, answer) = call(&fixture, Role::Admin, "POST", "/admin/emails/resend").await;
    assert_eq!((status, &answer["queued"]), (202, &Value::from(3)));
    server.set(Behaviour::Accept);
    fixture.send_all().await;
    assert_eq!(server.received().len(), 3);
}

#[actix_web::test]
async fn an_invalid_parameter_is_a_400_that_names_it() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    for (query, pointer) in [
        ("status=lost", "?status"),
        ("kind=lost", "?kind"),
        ("person_id=lost", "?person_id"),
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
        assert_eq!(call(&fixture, role, "POST", "/admin/emails/resend").await.0, 403);
    }
}
