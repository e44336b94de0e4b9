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
const LOOKS_PER_HEARTBEAT: u32 = 15;

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
        let text = watch.next_text().await?;
        Some((Ok(Bytes::from(text)), watch))
    })
}

impl Watch {
    /// What is to be sent next; `None` at the end.
    async fn next_text(&mut self) -> Option<String> {
        if let Some(run) = self.next.take() {
            return self.show(run);
        }
        let shown = self.shown.as_ref().filter(|run| run.finished_at.is_none())?;
        let id = shown.reassignment_id.into();
        for _ in 0..LOOKS_PER_HEARTBEAT {
            let look = tokio::time::timeout(LOOK_INTERVAL, self.tasks.progress.notified());
            let _woken = self.shutdown.or(look).await?;
            let run = self.tasks.load_reassignment(id).await.ok()?;
            if self.shown.as_ref() != Some(&run) {
                return self.show(run);
            }
        }
        // A comment: a client that is gone without a word is found out by it.
        Some(":\n\n".to_owned())
    }

    fn show(&mut self, run: ReassignmentRow) -> Option<String> {
        self.shown = Some(run.clone());
        let data = serde_json::to_string(&ReassignmentView::from(run)).ok()?;
        Some(format!("event: progress\ndata: {data}\n\n"))
    }
}
