//! The routes, and the shapes that several of them show.

mod add_person;
mod change_person;
mod give_set_password_link;
mod list_people;
mod log_in;
mod log_out;
mod refresh_tokens;
mod set_password;
mod show_me;
mod show_person;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use contracts::{PersonId, Role};
use kernel::module::Routes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Person;
use crate::service::{Identity, Tokens};

pub(crate) fn routes(identity: Identity) -> Routes {
    let identity = Data::new(identity);
    Arc::new(move |config| {
        config
            .app_data(identity.clone())
            .service(log_in::log_in)
            .service(refresh_tokens::refresh_tokens)
            .service(log_out::log_out)
            .service(set_password::set_password)
            .service(show_me::show_me)
            .service(list_people::list_people)
            .service(add_person::add_person)
            .service(show_person::show_person)
            .service(change_person::change_person)
            .service(give_set_password_link::give_set_password_link);
    })
}

/// Yourself.
#[derive(Serialize, ToSchema)]
struct MeView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    #[schema(example = "ada@example.com")]
    email: String,
    name: String,
    role: Role,
}

impl From<Person> for MeView {
    fn from(person: Person) -> Self {
        Self { id: person.id, email: person.email, name: person.name, role: person.role }
    }
}

/// A person, as admins see them.
#[derive(Serialize, ToSchema)]
struct PersonView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    #[schema(example = "ada@example.com")]
    email: String,
    name: String,
    role: Role,
    active: bool,
    /// `en` or `ru`; null if the installation's default holds.
    language: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email,
            name: person.name,
            role: person.role,
            active: person.active,
            language: person.language,
            created_at: person.created_at,
        }
    }
}

/// Tokens; they are shown once.
#[derive(Serialize, ToSchema)]
struct TokensView {
    /// To be sent as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 600)]
    expires_in: i64,
    /// Good for one call of `POST /auth/refresh`.
    refresh_token: String,
    refresh_expires_at: DateTime<Utc>,
}

impl From<Tokens> for TokensView {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in_s,
            refresh_token: tokens.refresh_token,
            refresh_expires_at: tokens.refresh_expires_at,
        }
    }
}

/// An answer that holds a secret: no cache may keep it.
fn secret_answer(mut response: actix_web::HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
