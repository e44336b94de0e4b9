//! The routes, behind a middleware that authenticates like the gateway.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpMessage, test};
use contracts::Role;
use identity::Identity;
use kernel::http::CursorKeys;
use kernel::http::auth::Identified;
use kernel::http::cookies::{Browser, CookieForm};
use serde_json::{Value, json};
use utoipa_actix_web::AppExt;

use crate::fixture::{Fixture, PASSWORD};

async fn identify(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let identity = request.app_data::<Data<Identity>>().cloned();
    let authorization =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let identified = match (identity, authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "))) {
        (Some(identity), Some(token)) => match identity.authenticate(token).await {
            Ok(caller) => Identified::Caller(caller),
            Err(problem) => Identified::Refused(problem),
        },
        _ => Identified::Anonymous,
    };
    request.extensions_mut().insert(identified);
    let browser = Browser { form: CookieForm::Loopback, is_same_origin: false, is_cross_origin: false };
    request.extensions_mut().insert(browser);
    next.call(request).await
}

/// The application with the routes of the module.
macro_rules! application {
    ($fixture:expr) => {{
        let routes = $fixture.identity.module().routes;
        let app = App::new()
            .into_utoipa_app()
            .map(|app| {
                app.app_data(Data::new($fixture.identity.clone()))
                    .app_data(CursorKeys::new(|| vec![[7; 32]]))
                    .wrap(from_fn(identify))
            })
            .configure(|config| routes(config))
            .into_app();
        test::init_service(app).await
    }};
}

struct Answer {
    status: u16,
    headers: header::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

async fn call<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let method_is_patch = method == Method::PATCH;
    let mut request = test::TestRequest::default().method(method).uri(path);
    if !token.is_empty() {
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
    }
    if method_is_patch {
        request = request.insert_header((header::IF_MATCH, "*"));
    }
    if let Some(body) = body {
        request = request.set_json(body);
    }
    let response = test::call_service(app, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = test::read_body(response).await;
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

#[actix_web::test]
async fn an_empty_system_is_set_up_by_requests_alone() {
    let fixture = Fixture::new().await;
    let app = application!(fixture);
    let link = fixture.identity.create_first_admin_link().await.unwrap();
    let body = json!({"token": link, "password": PASSWORD, "name": "Admin", "email": "admin@example.com"});
    let admin = call(&app, "", Method::POST, "/auth/set-password", Some(body)).await;
    assert_eq!((admin.status, &admin.body["role"]), (200, &json!("admin")));

    let login = json!({"email": "admin@example.com", "password": PASSWORD});
    let tokens = call(&app, "", Method::POST, "/auth/login", Some(login)).await;
    assert_eq!((tokens.status, tokens.header(header::CACHE_CONTROL)), (200, "no-store"));
    assert_eq!((&tokens.body["token_type"], &tokens.body["expires_in"]), (&json!("Bearer"), &json!(600)));
    let token = tokens.body["access_token"].as_str().unwrap();
    let me = call(&app, token, Method::GET, "/me", None).await;
    assert_eq!(me.body, admin.body);
    assert_eq!((&me.body["email"], &me.body["name"]), (&json!("admin@example.com"), &json!("Admin")));
    assert_eq!((&me.body["language"], &me.body["time_zone"]), (&Value::Null, &Value::Null));
    let permissions: Vec<&str> =
        me.body["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(permissions.is_sorted() && permissions.len() == 11 && permissions.contains(&"manage_people"));

    let new = json!({"email": "ada@example.com", "name": "Ada", "role": "worker", "language": "ru"});
    let ada = call(&app, token, Method::POST, "/people", Some(new.clone())).await;
    assert_eq!((ada.status, &ada.body["active"], &ada.body["language"]), (201, &json!(true), &json!("ru")));
    assert!(ada.body["set_password_token"].is_string());
    assert_eq!(ada.header(header::LOCATION), format!("/api/v1/people/{}", ada.body["id"].as_str().unwrap()));
    assert_eq!(call(&app, token, Method::POST, "/people", Some(new)).await.code(), (409, "identity.email_taken"));

    let path = format!("/people/{}", ada.body["id"].as_str().unwrap());
    let promoted = call(&app, token, Method::PATCH, &path, Some(json!({"role": "manager", "language": null}))).await;
    assert_eq!(
        (promoted.status, &promoted.body["role"], &promoted.body["language"]),
        (200, &json!("manager"), &Value::Null)
    );
    assert_eq!(call(&app, token, Method::GET, &path, None).await.body, promoted.body);
    let again = call(&app, token, Method::POST, &format!("{path}/set-password-links"), None).await;
    assert_eq!((again.status, again.body["set_password_token"].is_string()), (201, true));

    let refreshed =
        call(&app, "", Method::POST, "/auth/refresh", Some(json!({"refresh_token": tokens.body["refresh_token"]})))
            .await;
    assert_eq!(refreshed.status, 200);
    assert_eq!(call(&app, token, Method::POST, "/auth/logout", None).await.status, 204);
    assert_eq!(call(&app, token, Method::GET, "/me", None).await.code(), (401, "identity.token_revoked"));
}

#[actix_web::test]
async fn everyone_sees_names_and_only_admins_see_e_mail_addresses() {
    let fixture = Fixture::new().await;
    let app = application!(fixture);
    fixture.create_person("admin@example.com", Role::Admin).await;
    fixture.advance(chrono::Duration::milliseconds(1));
    fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.advance(chrono::Duration::milliseconds(1));
    fixture.create_person("bob@example.com", Role::Manager).await;
    fixture.advance(chrono::Duration::milliseconds(1));
    let admin = fixture.identity.login("admin@example.com", PASSWORD).await.unwrap().access_token;
    let ada = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap().access_token;

    let page = call(&app, &ada, Method::GET, "/people", None).await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 3);
    let mut names: Vec<&String> = page.body["items"][0].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["active", "id", "name", "role"]);
    let found = call(&app, &ada, Method::GET, "/people?q=admin@", None).await;
    assert_eq!(found.body["items"], json!([]), "a search by address would reveal it");
    let found = call(&app, &ada, Method::GET, "/people?q=lOVE&role=manager", None).await;
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1);

    let found = call(&app, &admin, Method::GET, "/people?q=BOB@", None).await;
    assert_eq!(found.body["items"][0]["email"], json!("bob@example.com"));
    let mut emails = Vec::new();
    let mut path = "/people?limit=2".to_owned();
    loop {
        let page = call(&app, &admin, Method::GET, &path, None).await;
        emails.extend(page.body["items"].as_array().unwrap().iter().map(|person| person["email"].clone()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/people?limit=2&cursor={cursor}");
    }
    assert_eq!(emails, ["admin@example.com", "ada@example.com", "bob@example.com"]);
}

#[actix_web::test]
async fn every_route_requires_its_permission() {
    let fixture = Fixture::new().await;
    let app = application!(fixture);
    let ada = fixture.create_person("ada@example.com", Role::Manager).await;
    let token = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap().access_token;
    let person = format!("/people/{}", ada.id);
    let links = format!("{person}/set-password-links");
    let body = json!({"email": "new@example.com", "name": "New", "role": "admin"});
    for (method, path, body) in [
        (Method::POST, "/people", Some(body)),
        (Method::GET, person.as_str(), None),
        (Method::PATCH, person.as_str(), Some(json!({"role": "admin"}))),
        (Method::POST, links.as_str(), None),
    ] {
        assert_eq!(call(&app, "", method.clone(), path, body.clone()).await.code(), (401, "not_authenticated"));
        assert_eq!(call(&app, &token, method, path, body).await.code(), (403, "forbidden"));
    }
    for (method, path) in [(Method::GET, "/me"), (Method::GET, "/people"), (Method::POST, "/auth/logout")] {
        assert_eq!(call(&app, "", method.clone(), path, None).await.code(), (401, "not_authenticated"));
        assert_eq!(call(&app, "nonsense", method, path, None).await.code(), (401, "identity.token_invalid"));
    }
}

#[actix_web::test]
async fn invalid_input_is_refused_with_the_name_of_the_field() {
    let fixture = Fixture::new().await;
    let app = application!(fixture);
    let admin = fixture.create_person("admin@example.com", Role::Admin).await;
    let token = fixture.identity.login("admin@example.com", PASSWORD).await.unwrap().access_token;
    let me = format!("/people/{}", admin.id);
    let unknown = format!("/people/{}", uuid::Uuid::nil());
    let new = |field: &str, value: Value| {
        let mut body = json!({"email": "new@example.com", "name": "New", "role": "worker"});
        body[field] = value;
        Some(body)
    };
    let cases = [
        (Method::POST, "/people", new("email", json!("a\u{0}@example.com")), 422, "/email"),
        (Method::POST, "/people", new("email", json!(format!("{}@example.com", "a".repeat(243)))), 422, "/email"),
        (Method::POST, "/people", new("name", json!("a\u{0}b")), 422, "/name"),
        (Method::POST, "/people", new("name", json!("")), 422, "/name"),
        (Method::POST, "/people", new("language", json!("\u{0}")), 422, "/language"),
        (Method::POST, "/people", new("password", json!("1234567")), 422, "/password"),
        (Method::POST, "/people", new("role", json!("king")), 400, "/role"),
        (Method::POST, "/people", new("rank", json!(1)), 400, "/rank"),
        (Method::PATCH, me.as_str(), Some(json!({})), 422, ""),
        (Method::PATCH, me.as_str(), Some(json!({"role": null})), 400, "/role"),
        (Method::PATCH, me.as_str(), Some(json!({"email": null})), 400, "/email"),
        (Method::PATCH, me.as_str(), Some(json!({"email": "\u{f6}laf@b.c"})), 422, "/email"),
        (Method::PATCH, me.as_str(), Some(json!({"language": "xx"})), 422, "/language"),
        (Method::PATCH, me.as_str(), Some(json!({"active": false})), 409, ""),
        (Method::PATCH, unknown.as_str(), Some(json!({"active": false})), 404, ""),
        (Method::GET, unknown.as_str(), None, 404, ""),
        (Method::GET, "/people/me", None, 400, "{path}"),
        (Method::GET, "/people?limit=0", None, 400, "?limit"),
        (Method::GET, "/people?limit=201", None, 400, "?limit"),
        (Method::GET, "/people?cursor=AAAA", None, 400, "?cursor"),
        (Method::GET, "/people?role=king", None, 400, "?role"),
        (Method::GET, "/people?sort=age", None, 400, "?sort"),
        (Method::GET, "/people?q=%00", None, 422, "?q"),
        (Method::POST, "/auth/login", Some(json!({"email": "\u{0}", "password": "\u{0}"})), 401, ""),
        (Method::POST, "/auth/login", Some(json!({"email": "admin@example.com"})), 400, ""),
        (Method::POST, "/auth/refresh", Some(json!({"refresh_token": "\u{0}"})), 401, ""),
        (Method::POST, "/auth/set-password", Some(json!({"token": "\u{0}", "password": PASSWORD})), 404, ""),
        (Method::POST, "/auth/logout", Some(json!({"everywhere": true})), 400, "/everywhere"),
    ];
    for (method, path, body, status, pointer) in cases {
        let answer = call(&app, &token, method.clone(), path, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path} {body:?}: {}", answer.body);
        let first = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert_eq!(first, pointer, "{method} {path} {body:?}: {}", answer.body);
    }
    assert_eq!((fixture.count("people").await, fixture.published_people().await.len()), (1, 1));
}

#[actix_web::test]
async fn too_many_logins_at_the_same_time_are_refused_with_retry_after() {
    let fixture = Fixture::new().await;
    let app = application!(fixture);
    let login = || {
        call(&app, "", Method::POST, "/auth/login", Some(json!({"email": "unknown@example.com", "password": PASSWORD})))
    };
    let answers = futures_util::future::join_all((0..90).map(|_| login())).await;
    let busy: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!busy.is_empty());
    assert!(busy.iter().all(|answer| answer.code().1 == "identity.busy" && answer.header(header::RETRY_AFTER) == "1"));
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)));
    assert_eq!(login().await.status, 401);
}
