//! `GET /admin/audit`: lists the audit trail.

use std::net::IpAddr;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use contracts::permission::SeeAudit;
use contracts::{AuditAction, EventId, PersonId};
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::{Fault, FieldCode, FieldError, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::AuditRecordView;
use crate::Identity;
use crate::domain::{AuditFilter, NamedAuditRecord};

/// Maximum length of a subject to search for, in bytes.
const SUBJECT_BYTES_MAX: usize = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListAuditRecordsQuery {
    /// The id of a person, or `command_line`, `anonymous` or `system`.
    actor: Option<String>,
    /// What was done.
    #[param(inline, value_type = Option<AuditAction>)]
    action: Option<String>,
    /// What the action was done to, such as the id of a person.
    #[param(max_length = 200)]
    subject: Option<String>,
    /// The address of the client.
    #[param(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// Only records from this time on, as in RFC 3339.
    occurred_from: Option<DateTime<Utc>>,
    /// Only records before this time.
    occurred_before: Option<DateTime<Utc>>,
}

/// Lists the audit trail, newest first: who did what, from where
///
/// `Accept: text/csv` answers with all rows as a CSV file.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_audit"))),
    params(ListAuditRecordsQuery, PageQuery),
    responses(
        (status = 200, description = "A page of records", content((Page<AuditRecordView> = "application/json"), (String = "text/csv"))),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: a filter that no record can match"),
    )
)]
#[get("/admin/audit")]
pub async fn list_audit_records(
    _caller: Authorized<SeeAudit>,
    identity: Data<Identity>,
    Exportable { filter, export }: Exportable<ListAuditRecordsQuery, EventId>,
) -> Result<HttpResponse, Problem> {
    let filter = parse(filter)?;
    let read = move |before, limit| {
        let (identity, filter) = (identity.clone(), filter.clone());
        async move { identity.list_audit_records(filter, before, limit).await }
    };
    export.answer("audit", read, |named: &NamedAuditRecord| named.record.event_id, AuditRecordView::from).await
}

/// The filter, or the errors of all parameters.
fn parse(query: ListAuditRecordsQuery) -> Result<AuditFilter, Problem> {
    let ListAuditRecordsQuery { actor, action, subject, address, occurred_from, occurred_before } = query;
    let mut errors = Vec::new();
    let mut check = |is_valid: bool, pointer: &str, code: FieldCode, detail: &str| {
        if !is_valid {
            errors.push(FieldError::new(pointer, Fault::new(code, detail)));
        }
    };
    let is_kind = |text: &str| ["command_line", "anonymous", "system"].contains(&text);
    let actor =
        actor.map(|text| if is_kind(&text) { Ok(text) } else { text.parse().map(|id: PersonId| id.to_string()) });
    check(
        actor.as_ref().is_none_or(Result::is_ok),
        "?actor",
        FieldCode::Malformed,
        "is the id of a person, or `command_line`, `anonymous` or `system`",
    );
    let is_action = |name: &String| AuditAction::ALL.iter().any(|action| action.as_str() == name);
    check(action.as_ref().is_none_or(is_action), "?action", FieldCode::NotOneOf, "is no action of the audit trail");
    let is_subject = |text: &String| text.len() <= SUBJECT_BYTES_MAX && !text.contains('\0');
    check(
        subject.as_ref().is_none_or(is_subject),
        "?subject",
        FieldCode::TooLong,
        "is at most 200 bytes, without a zero byte",
    );
    let is_range = occurred_from.zip(occurred_before).is_none_or(|(from, before)| from <= before);
    check(is_range, "?occurred_before", FieldCode::RangeReversed, "is before `occurred_from`");
    if !errors.is_empty() {
        return Err(Problem::invalid_fields(errors));
    }
    let address = address.map(|address| address.to_canonical());
    Ok(AuditFilter { actor: actor.and_then(Result::ok), action, subject, address, occurred_from, occurred_before })
}
