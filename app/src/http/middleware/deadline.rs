//! Limits the time that a request may take.

use std::pin::pin;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use kernel::Problem;
use tokio::time::{Instant, timeout_at};

use super::request_body::RequestBody;
use crate::http::gateway::Gateway;

/// Answers 408 if the body has not arrived by the deadline, and 504 if the program has not answered
/// at the same time after the body arrived. The deadlines cover the time until the head of the
/// response, so they do not end an event stream.
pub async fn limit(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let body = request.extensions().get::<RequestBody>().cloned().unwrap_or_default();
    let timeout = gateway.request_timeout;
    let mut deadline = Instant::now() + timeout;
    let mut work = pin!(next.call(request));
    loop {
        if let Ok(response) = timeout_at(deadline, &mut work).await {
            return response;
        }
        deadline = later_deadline(deadline, timeout, body.is_waiting(), body.ended_at())?;
    }
}

/// The next deadline of work that has not ended at `deadline`. An error: it was the last one.
fn later_deadline(
    deadline: Instant,
    timeout: Duration,
    waits_for_body: bool,
    body_ended_at: Option<Instant>,
) -> Result<Instant, Problem> {
    if waits_for_body {
        let detail = "the body of the request did not arrive in time; the request had no effect";
        return Err(Problem::new(408, "request_timeout", detail));
    }
    // The time that the client took to send the body is not ours.
    match body_ended_at.map(|ended_at| ended_at + timeout) {
        Some(later) if later > deadline => Ok(later),
        _ => Err(deadline_exceeded()),
    }
}

fn deadline_exceeded() -> Problem {
    Problem::new(
        504,
        "deadline_exceeded",
        "the request took too long; a requested change may still take effect, so check before you send it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(15);

    #[test]
    fn the_time_of_the_body_does_not_count_as_the_time_of_the_work() {
        let begin = Instant::now();
        let deadline = begin + TIMEOUT;
        let after = |deadline, waits_for_body, body_ended_at| {
            later_deadline(deadline, TIMEOUT, waits_for_body, body_ended_at).map_err(|problem| problem.code())
        };
        let body_time = TIMEOUT * 2 / 3;
        assert_eq!(after(deadline, false, Some(begin + body_time)), Ok(deadline + body_time));
        assert_eq!(after(deadline + body_time, false, Some(begin + body_time)), Err("deadline_exceeded"));
        assert_eq!(after(deadline, false, Some(begin)), Err("deadline_exceeded"), "the body came with the head");
        assert_eq!(after(deadline, false, None), Err("deadline_exceeded"), "nobody reads the body");
        assert_eq!(after(deadline, true, None), Err("request_timeout"));
    }
}
