//! `GET /events`: streams what changes for the caller.

use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use contracts::permission::{BeKnown, ReassignTasks};
use futures_util::{Stream, stream};
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::runtime::shutdown::ShutdownSignal;

use super::views::{LiveEventView, event_text};
use crate::Live;
use crate::domain::Versions;
use crate::watch::Watch;

/// The header in which a browser sends the id of the last event.
const LAST_EVENT_ID: &str = "last-event-id";
/// Time without an event after which a comment is sent, so that neither side takes the connection
/// for dead.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// Streams what changes for the caller: tasks, wallet and, with the permission to reassign, runs
///
/// The events are `connected` (first), `tasks`, `wallet` and `run`; the data of each is JSON. The
/// id of an event says what the client has seen. A client that reconnects sends the last id, and
/// the stream begins with what has changed since.
#[utoipa::path(
    tag = "live",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event; another text is ignored")),
    responses((
        status = 200,
        content_type = "text/event-stream",
        body = LiveEventView,
        description = "The events, until the client hangs up or its session ends",
        example = "id: 8c21.c.0\nevent: wallet\ndata: {\"lines\":12,\"position\":\"accounting=0/16B3748\"}\n\n"
    ))
)]
#[get("/events")]
pub async fn watch_changes(
    caller: Authorized<BeKnown>,
    live: Data<Live>,
    shutdown: Data<ShutdownSignal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let last_id = request.headers().get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let resumed_after = last_id.and_then(|id| id.parse::<Versions>().ok());
    let sees_runs = caller.caller().may::<ReassignTasks>();
    let watch = live.watch_changes(caller.person_id(), sees_runs, resumed_after);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .streaming(events(watch, shutdown.as_ref().clone())))
}

fn events(watch: Watch, shutdown: ShutdownSignal) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold((watch, shutdown), |(mut watch, mut shutdown)| async move {
        let next = tokio::time::timeout(HEARTBEAT_INTERVAL, watch.next());
        let text = match shutdown.or(next).await? {
            Ok((versions, shown)) => event_text(versions, shown).ok()?,
            // The heartbeat is a comment. Sending it fails if the client is gone.
            Err(_) => ":\n\n".to_owned(),
        };
        Some((Ok(Bytes::from(text)), (watch, shutdown)))
    })
}
