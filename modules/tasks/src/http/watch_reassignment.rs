//! `GET /reassignments/{id}/events`: Server-Sent Events until the run is over.

use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use contracts::ReassignmentId;
use contracts::permission::ReassignTasks;
use futures_util::{Stream, stream};
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;
use kernel::shutdown::ShutdownSignal;

use super::views::ReassignmentView;
use crate::Tasks;
use crate::store::ReassignmentRow;

/// Another process may do the work, so look this often even when nobody here made progress.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Streams the progress of a run: an event `progress` with the run whenever it has changed
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(("id" = ReassignmentId, Path)),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 404, body = ProblemDocument),
    )
)]
#[get("/reassignments/{id}/events")]
pub async fn watch_reassignment(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    shutdown: Data<ShutdownSignal>,
    Path(id): Path<ReassignmentId>,
) -> Result<HttpResponse, Problem> {
    let run = tasks.load_reassignment(id).await?;
    let watch = Watch { tasks, shutdown: shutdown.as_ref().clone(), shown: None, next: Some(run) };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .streaming(progress(watch)))
}

struct Watch {
    tasks: Data<Tasks>,
    shutdown: ShutdownSignal,
    shown: Option<ReassignmentRow>,
    next: Option<ReassignmentRow>,
}

fn progress(watch: Watch) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold(watch, |mut watch| async move {
        let run = watch.next_change().await?;
        watch.shown = Some(run.clone());
        let data = serde_json::to_string(&ReassignmentView::from(run)).ok()?;
        Some((Ok(Bytes::from(format!("event: progress\ndata: {data}\n\n"))), watch))
    })
}

impl Watch {
    /// The run once it differs from what was shown; `None` at the end.
    async fn next_change(&mut self) -> Option<ReassignmentRow> {
        if let Some(run) = self.next.take() {
            return Some(run);
        }
        let shown = self.shown.as_ref()?;
        if shown.finished_at.is_some() {
            return None;
        }
        let id = shown.reassignment_id.into();
        loop {
            let look = tokio::time::timeout(LOOK_INTERVAL, self.tasks.progress.notified());
            let _woken = self.shutdown.or(look).await?;
            let run = self.tasks.load_reassignment(id).await.ok()?;
            if self.shown.as_ref() != Some(&run) {
                return Some(run);
            }
        }
    }
}
