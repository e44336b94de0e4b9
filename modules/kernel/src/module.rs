//! The socket every module plugs into.

use std::sync::Arc;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::WritePool;
use crate::inbox::Subscriber;
use crate::jobs::Job;

/// Adds a module's routes, below `/api/v1`.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig<'_>) + Send + Sync>;

/// What a module gives to the process that hosts it.
#[derive(Clone)]
pub struct Module {
    pub name: &'static str,
    pub routes: Routes,
    /// Where its outbox and inbox are; none for a module that owns no schema.
    pub write: Option<WritePool>,
    pub subscriber: Option<Arc<dyn Subscriber>>,
    pub jobs: Vec<Job>,
}
