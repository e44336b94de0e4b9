//! Limits what a person may do: requests that may change something, tasks that are created, and
//! event streams that are open at the same time.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use contracts::PersonId;
use kernel::Problem;
use kernel::http::auth::Identified;
use tasks::CREATED_TASKS;

use super::event_streams::is_event_stream;
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

/// Takes what a request uses of the limits of its person. `Err` is a 429.
pub fn take(gateway: &Gateway, request: &ServiceRequest) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let Some(person_id) = person_of(request.request()) else { return Ok(()) };
    let people = &gateway.limits.people;
    people.take(COMMANDS, person_id, 1)?;
    let creates_task = *request.method() == Method::POST && request.path().strip_prefix(API_PREFIX) == Some(TASKS_PATH);
    if creates_task {
        people.take(CREATED_TASKS, person_id, 1)?;
    }
    Ok(())
}

/// Holds a slot of the person as long as an event stream is open. `Err` is a 429.
pub fn hold_slot(gateway: &Gateway, response: ServiceResponse) -> Result<ServiceResponse, Problem> {
    if !is_event_stream(response.headers()) {
        return Ok(response);
    }
    let Some(person_id) = person_of(response.request()) else { return Ok(response) };
    Ok(match gateway.limits.event_streams.take(person_id)? {
        Some(slot) => response.map_body(|_, body| BoxBody::new(ThrottledStream { body, _slot: slot })),
        None => response,
    })
}

fn person_of(request: &HttpRequest) -> Option<PersonId> {
    match request.extensions().get::<Identified>() {
        Some(Identified::Caller(caller)) => Some(caller.person_id),
        _ => None,
    }
}
