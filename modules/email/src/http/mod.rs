//! The module's routes, for admins: see the mails, send one again.

mod list_emails;
mod resend_email;

use actix_web::web;
use chrono::{DateTime, NaiveDate, Utc};
use contracts::PersonId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Email;
use crate::domain::{MailId, MailState};
use crate::store::MailRow;

/// A mail without what it says: that is between the company and the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MailView {
    pub id: MailId,
    #[schema(example = "payout_statement")]
    pub kind: String,
    pub person_id: PersonId,
    pub business_day: NaiveDate,
    /// The address; null until the mail is first tried with the person known.
    pub to: Option<String>,
    pub state: MailState,
    /// Tries since it was queued last.
    pub attempts: i32,
    /// The words of the server, or ours, when the last try failed.
    pub last_error: Option<String>,
    /// Of a queued mail: when it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The same at every try and resend.
    pub message_id: String,
    pub created_at: DateTime<Utc>,
    /// When it was last sent.
    pub sent_at: Option<DateTime<Utc>>,
}

impl From<MailRow> for MailView {
    fn from(row: MailRow) -> Self {
        let state = MailState::from_stored(&row.state);
        Self {
            id: row.id.into(),
            kind: row.kind,
            person_id: row.person_id.into(),
            business_day: row.business_day,
            to: row.to_address,
            state,
            attempts: row.attempts,
            last_error: row.last_error,
            next_attempt_at: (state == MailState::Queued).then_some(row.next_attempt_at),
            message_id: row.message_id,
            created_at: row.created_at,
            sent_at: row.sent_at,
        }
    }
}

pub(crate) fn routes(email: &Email, config: &mut ServiceConfig<'_>) {
    config
        .app_data(web::Data::new(email.clone()))
        .service(list_emails::list_emails)
        .service(resend_email::resend_email);
}
