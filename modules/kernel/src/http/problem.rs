//! Problem documents (RFC 9457): the errors that a client sees, without their internal causes.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::{DbError, Repetition};
use crate::runtime::repeated::Repeated;
use crate::{Fault, FieldCode, FieldError};

/// `Retry-After` of an answer that reports an exhausted database, in seconds. A person must act
/// first.
const EXHAUSTED_RETRY_AFTER_S: u32 = 30;

/// An outage of a database fails every request for the same reason.
static OUTAGE: Repeated = Repeated::new();

pub use super::problem_code::{PROBLEM_CODES, PROBLEMS_PATH, ProblemCode};

tokio::task_local! {
    /// The id of the current request. The gateway sets it.
    pub static REQUEST_ID: String;
}

/// The id of the current request; empty outside of a request.
#[must_use]
pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// An error as the client sees it.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    allow: Option<String>,
    /// Whether the access token of the request was refused.
    is_invalid_token: bool,
    /// The current state of the resource, if the client needs it to continue.
    current: Option<serde_json::Value>,
}

/// The body of an error's answer (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct ProblemDocument {
    /// A reference to the page that explains the code.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/api/v1/problems#not_found")]
    kind: String,
    /// The text of the HTTP status.
    #[schema(example = "Not Found")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// The stable code, for programs.
    #[schema(example = "not_found")]
    code: &'static str,
    /// What happened, for a person.
    #[schema(example = "there is no such person")]
    detail: String,
    /// Each error of the request, with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The state of the resource, if the client needs it to continue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object)]
    current: Option<serde_json::Value>,
    /// The id of the request, which is also in the log and in the header `x-request-id`.
    #[schema(example = "019a4c1e-7d3a-7b52-9a43-2f0c6f8e1d20")]
    request_id: String,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
            allow: None,
            is_invalid_token: false,
            current: None,
        }
    }

    /// 400: the request cannot be parsed.
    pub fn malformed(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::malformed_field(FieldError::new(pointer, Fault::of_deserializer(detail.into())))
    }

    /// 400 with the field that cannot be read.
    #[must_use]
    pub fn malformed_field(error: FieldError) -> Self {
        Self::new(400, "malformed_request", "the request cannot be read").with_error(error)
    }

    /// 401: the access token of the request was refused (RFC 6750, section 3.1).
    pub fn invalid_token(code: &'static str, detail: impl Into<String>) -> Self {
        Self { is_invalid_token: true, ..Self::new(401, code, detail) }
    }

    /// 422: the request can be parsed, but a value in it is not valid.
    pub fn invalid(pointer: impl Into<String>, fault: impl Into<Fault>) -> Self {
        Self::new(422, "invalid_request", "the request asks for something that cannot be")
            .with_error(FieldError::new(pointer, fault))
    }

    /// 422 with every field that is not valid.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(422, "invalid_request", "the request asks for something that cannot be") }
    }

    /// 404: the resource does not exist.
    pub fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("there is no such {what}"))
    }

    /// 500. The cause is logged and never sent to the client.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(request_id = request_id(), %cause, "a request failed");
        Self::new(500, "internal_error", "something went wrong on our side; the request id finds it in the log")
    }

    /// 503 with a Retry-After header.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self { retry_after_s: Some(2), ..Self::new(503, code, detail) }
    }

    /// 409 or 422: the request has an idempotency key and repeats another one. A request that was
    /// answered before gets the stored answer from the gateway instead.
    #[must_use]
    pub fn repeated(repetition: Repetition) -> Self {
        match repetition {
            Repetition::OtherBody => Self::new(
                422,
                "idempotency_key_reused",
                "this Idempotency-Key was used for a request with another body; use a new key for a new request",
            )
            .with_error(FieldError::new("Idempotency-Key", key_reused())),
            Repetition::InFlight | Repetition::Answered => Self::new(
                409,
                "idempotency_key_in_use",
                "a request with this Idempotency-Key is being processed; repeat it later to get its answer",
            )
            .with_retry_after(1),
        }
    }

    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.errors.push(error);
        self
    }

    #[must_use]
    pub fn with_allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// Adds a Retry-After header.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds the current state of the resource.
    #[must_use]
    pub fn with_current(mut self, current: &impl Serialize) -> Self {
        self.current = serde_json::to_value(current).ok();
        self
    }

    /// Whether the status is 401.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The body of the answer to the current request.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: ProblemCode::reference(self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status(),
            code: self.code,
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            current: self.current.clone(),
            request_id: request_id(),
        }
    }
}

fn key_reused() -> Fault {
    Fault::new(FieldCode::KeyReused, "was used for a request with another body")
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        if let DbError::OutcomeUnknown { .. } = error {
            tracing::warn!(request_id = request_id(), %error, "the database was lost during a commit");
            Self::unavailable(
                "database_unavailable",
                "the connection to the database was lost before it confirmed the command; \
                 check whether the command took effect before you send it again",
            )
        } else if let DbError::Exhausted { .. } = error {
            if let Some(suppressed) = OUTAGE.due("exhausted") {
                tracing::error!(request_id = request_id(), %error, suppressed, "a person must act: the database has no disk or memory left");
            }
            let detail = "the database has no disk or memory left, so nothing was changed; try again later";
            Self::unavailable("database_exhausted", detail).with_retry_after(EXHAUSTED_RETRY_AFTER_S)
        } else if let DbError::Repeated(repetition) = error {
            Self::repeated(repetition)
        } else if matches!(error, DbError::Busy) || error.is_transient() {
            if let Some(suppressed) = OUTAGE.due("busy") {
                tracing::warn!(request_id = request_id(), %error, suppressed, "the database is busy");
            }
            Self::unavailable("busy", "the server has more to do than it can at present; try again later")
        } else if error.is_unavailable() {
            if let Some(suppressed) = OUTAGE.due("unavailable") {
                tracing::warn!(request_id = request_id(), %error, suppressed, "the database is unavailable");
            }
            Self::unavailable("database_unavailable", "the database cannot be reached at present; try again later")
        } else if error.is_unstorable() {
            tracing::warn!(request_id = request_id(), %error, "the database cannot store a value of the request");
            Self::new(422, "invalid_request", "a value in the request cannot be stored: a zero byte, or out of range")
        } else {
            Self::internal(&error)
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        DbError::from(error).into()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)?;
        for error in &self.errors {
            write!(formatter, "; {}: {}", error.pointer, error.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // A request without a token gets no error code (RFC 6750, section 3.1).
            let challenge = if self.is_invalid_token { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        response.body(serde_json::to_string(&self.document()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn invariant_8_a_client_never_sees_an_internal_cause() {
        let problem = Problem::from(sqlx::Error::Configuration("postgres://root:secret@db".into()));
        let body = to_bytes(problem.error_response().into_body()).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("internal_error") && !body.contains("secret"), "{body}");
    }

    #[test]
    fn a_busy_database_is_not_called_unavailable() {
        let problem = Problem::from(sqlx::Error::PoolTimedOut);
        assert_eq!((problem.status.as_u16(), problem.code), (503, "busy"));
        assert!(problem.retry_after_s.is_some() && !problem.detail.contains("reached"));
    }

    #[test]
    fn a_client_is_asked_to_check_only_if_the_outcome_is_unknown() {
        let unavailable = Problem::from(DbError::unavailable("connection refused"));
        let unknown = Problem::from(DbError::OutcomeUnknown { reason: "connection reset".to_owned() });
        for problem in [&unavailable, &unknown, &Problem::from(DbError::TimedOut)] {
            assert_eq!((problem.status.as_u16(), problem.code), (503, "database_unavailable"));
            assert!(problem.retry_after_s.is_some());
            assert_eq!(problem.detail.contains("check whether"), std::ptr::eq(problem, &raw const unknown));
        }
    }
}
