//! Limits what a person may do: requests that may change something, tasks that are created, and
//! event streams that are open at the same time.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, web};
use contracts::PersonId;
use kernel::Problem;
use kernel::http::auth::Identified;
use tasks::CREATED_TASKS;

use crate::http::gateway::Gateway;
use crate::http::limits::{COMMANDS, Slot};
use crate::http::prefix::API_PREFIX;

/// The path below the prefix at which a POST creates one task. The endpoint that creates several
/// takes their number itself.
const TASKS_PATH: &str = "/tasks";

/// The body of an event stream. Its slot is free when it ends.
pub struct ThrottledStream {
    body: BoxBody,
    _slot: Slot,
}

impl MessageBody for ThrottledStream {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Refuses a request beyond a limit of the person who sent it.
pub async fn limit(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let person_id = match request.extensions().get::<Identified>() {
        Some(Identified::Caller(caller)) => Some(caller.person_id),
        _ => None,
    };
    if let Some(person_id) = person_id {
        take(&gateway, person_id, &request)?;
    }
    let response = next.call(request).await?;
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|content_type| content_type.as_bytes().starts_with(b"text/event-stream"));
    let slot = match person_id {
        Some(person_id) if is_stream => gateway.limits.event_streams.take(person_id).map_err(Problem::from)?,
        _ => None,
    };
    Ok(match slot {
        Some(slot) => response.map_body(|_, body| BoxBody::new(ThrottledStream { body, _slot: slot })),
        None => response,
    })
}

fn take(gateway: &Gateway, person_id: PersonId, request: &ServiceRequest) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let people = &gateway.limits.people;
    people.take(COMMANDS, person_id, 1)?;
    let creates_task = *request.method() == Method::POST && request.path().strip_prefix(API_PREFIX) == Some(TASKS_PATH);
    if creates_task {
        people.take(CREATED_TASKS, person_id, 1)?;
    }
    Ok(())
}
