//! `POST /people/batch`: creates several people.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::Role;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, answered, shielded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::LanguageView;
use crate::{CreatePeopleOptions, Identity, ImportReport, NewPerson};

/// Maximum size of the body: 500 people of 1 KiB.
const BODY_LIMIT_BYTES: usize = 512 * 1024;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreatePeopleRequest {
    /// The people, 1 to 500. A person whose e-mail address is known already is skipped.
    #[schema(min_items = 1, max_items = 500)]
    people: Vec<NewPersonRow>,
    /// Whether everything is checked and nothing is stored.
    #[serde(default)]
    dry_run: bool,
    /// Whether a one-time link to set a password is mailed to everyone who is added.
    #[serde(default)]
    invite: bool,
}

/// A person to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPersonRow {
    #[schema(example = "ada@example.com", max_length = 254)]
    email: String,
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: String,
    role: Role,
    /// Omitted or null for the default of the installation.
    #[serde(default)]
    #[schema(value_type = Option<LanguageView>)]
    language: Option<String>,
}

/// What became of the people of a request.
#[derive(Serialize, ToSchema)]
struct CreatedPeopleView {
    /// Number of people who were added, or would be by a request that is no dry run.
    #[schema(minimum = 0)]
    added: u64,
    /// Number of people whose e-mail address was known already, possibly by an earlier entry.
    #[schema(minimum = 0)]
    skipped: u64,
    /// The entries among these whose person has another name or role. The person is not changed.
    kept: Vec<KeptPersonView>,
}

/// An entry whose e-mail address belongs to a person with another name or role.
#[derive(Serialize, ToSchema)]
struct KeptPersonView {
    /// The position of the entry in the request, from 0.
    #[schema(minimum = 0)]
    index: u64,
    /// The name that the person has.
    name: String,
    /// The role that the person has.
    role: Role,
}

/// Creates 1 to 500 people
///
/// Everyone whose e-mail address is new is added; if an entry is not valid, nobody is. Two entries
/// with the same address must have the same name and role. A dry run tells what would be added. A
/// body has at most 512 KiB.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people")), ("x-body-limit-bytes" = json!(524_288))),
    params(IdempotencyKey),
    request_body = CreatePeopleRequest,
    responses(
        (status = 200, body = CreatedPeopleView, description = "The people are added"),
        (status = 413, body = ProblemDocument, description = "`body_too_large`: the body is longer than 512 KiB"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the number of people or a field is not valid; `errors` names each, as `/people/3/email`; nobody is added"),
    )
)]
#[post("/people/batch")]
pub async fn create_people(
    caller: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Body(request): Body<CreatePeopleRequest, BODY_LIMIT_BYTES>,
) -> Result<HttpResponse, Problem> {
    let CreatePeopleRequest { people, dry_run, invite } = request;
    let people = people.into_iter().map(NewPerson::from).collect();
    let identity = identity.on_behalf_of(caller.person_id());
    let options = CreatePeopleOptions { dry_run, invite };
    answered(created, shielded(async move { identity.create_people(people, options).await })).await
}

fn created(report: &ImportReport) -> Answer {
    let kept =
        report.kept.iter().map(|row| KeptPersonView { index: row.index, name: row.name.clone(), role: row.role });
    Answer::json(200, &CreatedPeopleView { added: report.added, skipped: report.skipped, kept: kept.collect() })
}

impl From<NewPersonRow> for NewPerson {
    fn from(row: NewPersonRow) -> Self {
        let NewPersonRow { email, name, role, language } = row;
        Self { email, name, role, language }
    }
}
