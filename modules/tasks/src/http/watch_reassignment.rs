//! `GET /reassignments/{id}/events`: streams the progress of a run until it is completed.

use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use contracts::ReassignmentId;
use contracts::permission::ReassignTasks;
use futures_util::{Stream, stream};
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::runtime::shutdown::ShutdownSignal;
use serde::Serialize;
use utoipa::ToSchema;

use super::views::ReassignmentView;
use crate::domain::Reassignment;
use crate::service::Tasks;

/// Time between two reads of the run. Another process may execute it, so its progress signals
/// nothing in this process.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Number of reads without a change after which a heartbeat is sent.
const POLLS_PER_HEARTBEAT: u32 = 15;

/// One event of the stream.
#[derive(Serialize, ToSchema)]
#[schema(as = ReassignmentEvent)]
struct ReassignmentEventView {
    /// The name of the event.
    event: ReassignmentEventName,
    /// The run, as JSON.
    data: ReassignmentView,
}

/// The name of an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReassignmentEventName {
    /// The run has changed.
    Progress,
}

/// Streams the progress of a run: an event `progress` with the run for each change
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(("id" = ReassignmentId, Path, description = "The run")),
    responses(
        (
            status = 200,
            body = ReassignmentEventView,
            content_type = "text/event-stream",
            description = "A stream of server-sent events; it ends after the event of the completed run",
        ),
        (status = 404, body = ProblemDocument, description = "`tasks.reassignment_not_found`"),
    )
)]
#[get("/reassignments/{id}/events")]
pub async fn watch_reassignment(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    shutdown: Data<ShutdownSignal>,
    Path(id): Path<ReassignmentId>,
) -> Result<HttpResponse, Problem> {
    let run = tasks.get_reassignment(id).await?;
    let watch = Watch { tasks, shutdown: shutdown.as_ref().clone(), sent: None, next: Some(run) };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .streaming(progress(watch)))
}

struct Watch {
    tasks: Data<Tasks>,
    shutdown: ShutdownSignal,
    /// The run as it was last sent.
    sent: Option<Reassignment>,
    /// The run to be sent first.
    next: Option<Reassignment>,
}

fn progress(watch: Watch) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold(watch, |mut watch| async move {
        let text = watch.next_text().await?;
        Some((Ok(Bytes::from(text)), watch))
    })
}

impl Watch {
    /// The next text of the stream; `None` at its end.
    async fn next_text(&mut self) -> Option<String> {
        if let Some(run) = self.next.take() {
            return self.send(run);
        }
        let sent = self.sent.as_ref().filter(|run| run.finished_at.is_none())?;
        let id = sent.reassignment_id;
        for _ in 0..POLLS_PER_HEARTBEAT {
            let progress = tokio::time::timeout(POLL_INTERVAL, self.tasks.progress.notified());
            let _woken = self.shutdown.or(progress).await?;
            let run = self.tasks.get_reassignment(id).await.ok()?;
            if self.sent.as_ref() != Some(&run) {
                return self.send(run);
            }
        }
        // The heartbeat is a comment. Sending it fails if the client is gone.
        Some(":\n\n".to_owned())
    }

    fn send(&mut self, run: Reassignment) -> Option<String> {
        self.sent = Some(run.clone());
        let event = ReassignmentEventView {
            event: ReassignmentEventName::Progress,
            data: ReassignmentView::new(self.tasks.currency, run),
        };
        let (name, data) = (serde_json::to_value(&event.event).ok()?, serde_json::to_string(&event.data).ok()?);
        Some(format!("event: {}\ndata: {data}\n\n", name.as_str()?))
    }
}
